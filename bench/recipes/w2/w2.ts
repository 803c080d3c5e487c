import { defineRecipe } from 'trivet/recipe'
import { directory as folder, files, packages, services } from './wanted.ts'

export default defineRecipe({
  description: 'Work set W2: 100 packages, 50 templated files, 10 services.',

  declare({ directory, file, pkg, service, template }) {
    for (const name of packages) pkg(name)
    directory(folder, { mode: '0755', owner: 'root', group: 'root' })
    for (const { path, ...variables } of files) {
      file(path, { content: template('service.conf.njk', variables), mode: '0644', owner: 'root', group: 'root' })
    }
    for (const name of services) service(name, { running: true, enabled: true })
  },
})
