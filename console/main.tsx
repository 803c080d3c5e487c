// oxlint-disable-next-line import/no-unassigned-import -- it has to be there before any schema is made
import './no-eval.ts'
import { render } from 'preact'
import { App } from './app.tsx'
import { followLinks } from './router.ts'

document.addEventListener('click', followLinks)
const root = document.querySelector('#console')
if (root) render(<App />, root)
