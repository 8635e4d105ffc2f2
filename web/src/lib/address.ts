export const SECTIONS = ['servers', 'catalogue', 'files', 'keys'] as const
/** A part of the page of models and servers. */
export type Section = (typeof SECTIONS)[number]
/** What the page shows, as its address tells it. */
export type Place = { kind: 'chat'; chatId: string | null } | { kind: 'models'; section: Section }

const MODELS = /^\/models(?:\/(\w+))?\/?$/

/** The place of an address; null for one that the page does not know. */
export function readAddress(address: Pick<Location, 'pathname' | 'search'>): Place | null {
  if (address.pathname === '/') return { kind: 'chat', chatId: new URLSearchParams(address.search).get('chat') }
  const found = MODELS.exec(address.pathname)
  if (!found) return null
  const section = SECTIONS.find((name) => name === (found[1] ?? SECTIONS[0]))
  return section ? { kind: 'models', section } : null
}

export function addressOf(place: Place): string {
  if (place.kind === 'chat') return place.chatId === null ? '/' : `/?chat=${place.chatId}`
  return place.section === SECTIONS[0] ? '/models' : `/models/${place.section}`
}

/** Whether a click on a link is meant for this very page, and not for a new tab or window. */
export const staysHere = (event: MouseEvent): boolean => !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0
