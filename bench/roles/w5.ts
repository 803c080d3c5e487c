import { defineRole } from 'trivet/role'

export default defineRole({ description: 'Work set W5: one file.', recipes: ['w5'] })
