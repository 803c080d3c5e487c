import { defineRole } from 'trivet/role'

export default defineRole({ recipes: ['after'], watch: true })
