import { defineRole } from 'trivet/role'

export default defineRole({ description: 'Tells people where they are.', recipes: ['welcome'] })
