import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'Reboots into newer kernels, a few nodes at a time.',
  recipes: ['kernel'],
})
