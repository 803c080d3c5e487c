import { defineRole } from 'trivet/role'

export default defineRole({ recipes: ['before', 'removable', 'restorable', 'keepable'] })
