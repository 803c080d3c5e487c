import { defineRole } from 'trivet/role'

export default defineRole({ description: 'Work set W1: 1,000 files of 1 KiB in 50 directories.', recipes: ['w1'] })
