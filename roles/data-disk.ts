import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'A disk for data, as the attributes of recipe data-disk name it.',
  recipes: ['data-disk'],
})
