export const SECTIONS = ['servers', 'catalogue', 'files', 'keys'] as const
/** A part of the page of models and servers. */
export type Section = (typeof SECTIONS)[number]
export const PROMPT_SECTIONS = ['library', 'examples'] as const
/** A part of the page of prompts. */
export type PromptSection = (typeof PROMPT_SECTIONS)[number]
/** A place in a document that its address tells; `end` of 0 means no passage. */
export interface Spot {
  page: number | null
  start: number
  end: number
  figure: number | null
}
/** What the page shows, as its address tells it. */
export type Place =
  | { kind: 'chat'; chatId: string | null; /** A message that is brought into view. */ messageId?: string | null }
  | { kind: 'models'; section: Section }
  | { kind: 'prompts'; section: PromptSection }
  | { kind: 'library'; baseId: string | null }
  /** Where the search of a base is checked with questions. */
  | { kind: 'check'; baseId: string }
  /** A chat that is kept nowhere. */
  | { kind: 'temporary' }
  /** A document of a base, or without one of a chat. */
  | { kind: 'document'; baseId: string | null; documentId: string; spot: Spot }

const MODELS = /^\/models(?:\/(\w+))?\/?$/
const PROMPTS = /^\/prompts(?:\/(\w+))?\/?$/
const LIBRARY = /^\/library(?:\/([\w-]+)(?:\/([\w-]+))?)?\/?$/
const TEMPORARY = '/temporary'
/** Stands in the place of a document. */
const CHECK = 'check'
/** Stands in the place of a base for documents that were attached to a chat. */
const OF_CHATS = 'chats'
export const BEGINNING: Spot = { page: null, start: 0, end: 0, figure: null }

/** The place of an address; null for one that the page does not know. */
export function readAddress(address: Pick<Location, 'pathname' | 'search'>): Place | null {
  const query = new URLSearchParams(address.search)
  if (address.pathname === '/') {
    const messageId = query.get('message')
    return { kind: 'chat', chatId: query.get('chat'), ...(messageId ? { messageId } : {}) }
  }
  if (address.pathname === TEMPORARY) return { kind: 'temporary' }
  const library = LIBRARY.exec(address.pathname)
  if (library) {
    if (library[1] && library[1] !== OF_CHATS && library[2] === CHECK) return { kind: 'check', baseId: library[1] }
    const baseId = library[1] === OF_CHATS ? null : (library[1] ?? null)
    return library[2] ? { kind: 'document', baseId, documentId: library[2], spot: readSpot(query) } : { kind: 'library', baseId }
  }
  const prompts = PROMPTS.exec(address.pathname)
  if (prompts) {
    const section = PROMPT_SECTIONS.find((name) => name === (prompts[1] ?? PROMPT_SECTIONS[0]))
    return section ? { kind: 'prompts', section } : null
  }
  const found = MODELS.exec(address.pathname)
  if (!found) return null
  const section = SECTIONS.find((name) => name === (found[1] ?? SECTIONS[0]))
  return section ? { kind: 'models', section } : null
}

function readSpot(query: URLSearchParams): Spot {
  const whole = (name: string): number => {
    const value = Number(query.get(name))
    return Number.isSafeInteger(value) && value > 0 ? value : 0
  }
  return { page: whole('page') || null, start: whole('start'), end: whole('end'), figure: whole('figure') || null }
}

function writeSpot(spot: Spot): string {
  const query = new URLSearchParams()
  for (const name of ['page', 'start', 'end', 'figure'] as const) if (spot[name]) query.set(name, String(spot[name]))
  const written = query.toString()
  return written ? `?${written}` : ''
}

export function addressOf(place: Place): string {
  if (place.kind === 'chat') return place.chatId === null ? '/' : `/?chat=${place.chatId}${place.messageId ? `&message=${place.messageId}` : ''}`
  if (place.kind === 'prompts') return place.section === PROMPT_SECTIONS[0] ? '/prompts' : `/prompts/${place.section}`
  if (place.kind === 'temporary') return TEMPORARY
  if (place.kind === 'library') return place.baseId === null ? '/library' : `/library/${place.baseId}`
  if (place.kind === 'check') return `/library/${place.baseId}/${CHECK}`
  if (place.kind === 'document') return `/library/${place.baseId ?? OF_CHATS}/${place.documentId}${writeSpot(place.spot)}`
  return place.section === SECTIONS[0] ? '/models' : `/models/${place.section}`
}

/** Whether a click on a link is meant for this very page, and not for a new tab or window. */
export const staysHere = (event: MouseEvent): boolean => !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0
