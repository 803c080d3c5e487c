import { signal } from './data/signal.ts'

export type Theme = 'system' | 'light' | 'dark'

export const theme = signal<Theme>(kept())

function kept(): Theme {
  const text = localStorage.getItem('theme')
  return text === 'light' || text === 'dark' ? text : 'system'
}

export function setTheme(chosen: Theme) {
  if (chosen === 'system') {
    localStorage.removeItem('theme')
    delete document.documentElement.dataset['theme']
  } else {
    localStorage.setItem('theme', chosen)
    document.documentElement.dataset['theme'] = chosen
  }
  theme.set(chosen)
}
