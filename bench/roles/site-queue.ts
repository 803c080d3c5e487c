import { defineRole } from 'trivet/role'

export default defineRole({ description: 'Some of the nodes of the bench history.', recipes: ['site'] })
