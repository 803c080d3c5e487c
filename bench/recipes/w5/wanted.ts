export const directory = '/srv/w5'
export const file = { path: '/srv/w5/one.conf', content: 'one = 1\n' }
