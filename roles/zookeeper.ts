import { defineRole } from 'trivet/role'

export default defineRole({
  description: 'A member of the ZooKeeper ensemble of its cluster.',
  recipes: ['zookeeper'],
})
