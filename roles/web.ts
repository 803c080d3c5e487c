import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'A small web service that says which node answers.',
  recipes: ['web'],
})
