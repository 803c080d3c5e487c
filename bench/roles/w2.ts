import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'Work set W2: 100 packages, 50 templated files, 10 services.',
  recipes: ['w2'],
})
