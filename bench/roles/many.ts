import { defineRole } from 'trivet/role'

export default defineRole({ description: 'As many files as are asked for.', recipes: ['many'] })
