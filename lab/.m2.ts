import { upLab } from './lab.ts'
const now = () => performance.now()
let t = now()
const lab = await upLab({ count: 2, packages: ['default-jre-headless'], name: 'm', onProgress: console.log })
console.log('first with packages', Math.round(now()-t)); const [n] = lab.nodes; if (!n) throw 1
console.log(await n.exec(['java','-version']))
await n.exec(['apt-get','update']); t = now()
const r = await n.exec(['apt-get','install','-y','--no-install-recommends','zookeeper','haproxy']); console.log(r.exitCode, 'no-recommends on jre base', Math.round(now()-t), r.stdout.split('\n').filter(l=>/Need to get|newly inst/.test(l)))
await lab.down(); 
const lab2 = await upLab({ count: 1, name: 'm' }); const [m] = lab2.nodes; if (!m) throw 1; await m.exec(['apt-get','update']); t = now()
const q = await m.exec(['apt-get','install','-y','--no-install-recommends','zookeeper','haproxy']); console.log(q.exitCode, 'no-recommends on plain base', Math.round(now()-t), q.stdout.split('\n').filter(l=>/Need to get|newly inst/.test(l))); await lab2.down()
t = now(); const lab3 = await upLab({ count: 2, packages: ['default-jre-headless'], name: 'm' }); console.log('again', Math.round(now()-t)); await lab3.down()
t = now(); const lab4 = await upLab({ count: 1, packages: ['zookeeper', 'haproxy'], name: 'm' }); console.log('zk+haproxy base', Math.round(now()-t), (await lab4.nodes[0]!.exec(['systemctl','is-active','haproxy'])).stdout); await lab4.down()
