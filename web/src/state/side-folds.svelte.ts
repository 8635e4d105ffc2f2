import { SvelteSet } from 'svelte/reactivity'
import { keep, recall } from '../lib/store'

const KEY = 'samovar.side'
/** Of folders that are long gone nothing is dragged along for ever. */
const MOST_CLOSED = 500

/** A part of the side bar that can be folded away. */
export type SidePart = 'folders' | 'tags'

/** What of the side bar is folded away. What the reader chose is kept in this browser; the rest goes by the room there is. */
export class SideFolds {
  #hasRoomFor: (part: SidePart) => boolean
  #chosen = $state.raw<Partial<Record<SidePart, boolean>>>({})
  #closed = new SvelteSet<string>()

  constructor(hasRoomFor: (part: SidePart) => boolean) {
    this.#hasRoomFor = hasRoomFor
    const saved = (recall(KEY) ?? {}) as { [name: string]: unknown }
    const { folders, tags, closed } = saved
    this.#chosen = { ...(typeof folders === 'boolean' ? { folders } : {}), ...(typeof tags === 'boolean' ? { tags } : {}) }
    if (Array.isArray(closed)) for (const path of closed) if (typeof path === 'string') this.#closed.add(path)
  }

  /** Paths of the folders that are shown without what lies in them. */
  get closed(): ReadonlySet<string> {
    return this.#closed
  }
  isOpen(part: SidePart): boolean {
    return this.#chosen[part] ?? this.#hasRoomFor(part)
  }
  /** To be called when a part was opened or closed; a browser also tells of one that is open from the beginning. */
  open(part: SidePart, isOpen: boolean): void {
    if (isOpen === this.isOpen(part)) return
    this.#chosen = { ...this.#chosen, [part]: isOpen }
    this.#keep()
  }
  toggle(path: string): void {
    if (!this.#closed.delete(path)) this.#closed.add(path)
    this.#keep()
  }

  #keep(): void {
    keep(KEY, { ...this.#chosen, closed: [...this.#closed].slice(-MOST_CLOSED) })
  }
}
