// Outlives the process that holds a lab, by however little: when the pipe from it closes, it removes the lab.
import { once } from 'node:events'
import { removeLab } from './remove.ts'
import { LabName } from './state.ts'

const name = LabName.parse(process.argv[2])
process.stdin.resume()
await once(process.stdin, 'end')
await removeLab(name)
