/** Drawn on 24 × 24, as strokes. */
const paths = {
  fleet: 'M3 12h4l3-8 4 16 3-8h4',
  nodes: 'M4 4h16v6H4zM4 14h16v6H4zM8 7h.01M8 17h.01',
  roles: 'M12 3 3 8l9 5 9-5zM3 13l9 5 9-5',
  orders: 'M5 4v16l14-8z',
  history: 'M12 8v4l3 2M3.500 9a9 9 0 1 1-.4 4.500M3 4v5h5',
  audit: 'M8 4H6a2 2 0 0 0-2 2v14h16V6a2 2 0 0 0-2-2h-2M8 3h8v4H8zM8 12h8M8 16h5',
  leases: 'M7 11V8a5 5 0 0 1 10 0v3M5 11h14v9H5z',
  tokens: 'M15 9a5 5 0 1 0-4.600 5L12 15.500V18h2.500v2.500H18V17l-4.500-4.500A5 5 0 0 0 15 9zM9 8.500h.01',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5',
  menu: 'M4 7h16M4 12h16M4 17h16',
  close: 'M6 6l12 12M18 6 6 18',
  check: 'm5 12.500 4.500 4.500L19 7.500',
  changed: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  failed: 'M12 4 2.500 20h19zM12 10v4M12 17h.01',
  drift: 'M4 8c3-4 5-4 8 0s5 4 8 0M4 16c3-4 5-4 8 0s5 4 8 0',
  wait: 'M7 3h10M7 21h10M8 3v4l4 5-4 5v4M16 3v4l-4 5 4 5v4',
  offline:
    'M4 4l16 16M9 5.200A11 11 0 0 1 22 9M2 9a11 11 0 0 1 4-2.500M5.500 13a7 7 0 0 1 4-2M14.500 11.200a7 7 0 0 1 4 1.800M12 18h.01',
  dash: 'M6 12h12',
  plan: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4M12 16h.01',
  skip: 'M5 5l8 7-8 7zM17 5v14',
  stop: 'M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM6 6l12 12',
  spin: 'M12 3a9 9 0 1 0 9 9',
  plus: 'M12 5v14M5 12h14',
  right: 'm9 6 6 6-6 6',
  down: 'm6 9 6 6 6-6',
  up: 'm6 15 6-6 6 6',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.400 1.400M17.600 17.600 19 19M19 5l-1.400 1.400M6.400 17.600 5 19',
  moon: 'M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z',
  screen: 'M3 5h18v11H3zM9 20h6M12 16v4',
  out: 'M10 4H5v16h5M15 8l4 4-4 4M19 12H9',
  compare: 'M8 4v14M5 15l3 3 3-3M16 20V6M13 9l3-3 3 3',
  columns: 'M4 5h16v14H4zM10 5v14M15 5v14',
  person: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 20c1-4 4-5.500 8-5.500s7 1.500 8 5.500',
  eye: 'M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z',
} as const
export type IconName = keyof typeof paths

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  )
}

export function Mark() {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <rect width="24" height="24" rx="6" fill="var(--accent)" />
      <path
        d="M5.500 8.500h13M8.500 8.500 6.500 18M15.500 8.500l2 9.500M12 8.500v9.500"
        fill="none"
        stroke="#fff"
        stroke-width="2"
        stroke-linecap="round"
      />
    </svg>
  )
}
