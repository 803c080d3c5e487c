import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Icon } from './icon.tsx'

interface DialogProps {
  label: string
  onClose: () => void
  class?: string
  children: ComponentChildren
}

/** The browser's own dialog: it keeps the focus in, and Escape closes it. */
export function Dialog({ label, onClose, class: name = '', children }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const before = document.activeElement
    box.current?.showModal()
    return () => {
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  return (
    <dialog
      ref={box}
      aria-label={label}
      class={name}
      onClose={onClose}
      onClick={(event) => event.target === box.current && box.current?.close()}
    >
      {children}
    </dialog>
  )
}

export function DialogHead({ title, onClose }: { title: string; onClose: () => void }) {
  return (
    <header>
      <h2>{title}</h2>
      <button type="button" class="button bare" aria-label="Close" onClick={onClose}>
        <Icon name="close" />
      </button>
    </header>
  )
}
