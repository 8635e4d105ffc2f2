import type { ChatDocument, ListedDocument, Notice, Problem } from '../api/types'
import { en } from '../i18n/en'
import { fillText, placeholdersOf, readTemplate, type Fill, type Key, type Language, type Messages, type Text } from '../i18n/messages'
import { isDoubtful, isUnread } from '../lib/report'

const loadWords = async (language: Language): Promise<Messages> => (language === 'ru' ? (await import('../i18n/ru')).ru : en)
/** Words that the first view does without. */
const AREAS = {
  check: {
    en: async () => (await import('../i18n/en-check')).enCheck,
    ru: async () => (await import('../i18n/ru-check')).ruCheck,
  },
  conversation: {
    en: async () => (await import('../i18n/en-conversation')).enConversation,
    ru: async () => (await import('../i18n/ru-conversation')).ruConversation,
  },
  errors: {
    en: async () => (await import('../i18n/en-errors')).enErrors,
    ru: async () => (await import('../i18n/ru-errors')).ruErrors,
  },
  evidence: {
    en: async () => (await import('../i18n/en-evidence')).enEvidence,
    ru: async () => (await import('../i18n/ru-evidence')).ruEvidence,
  },
  library: {
    en: async () => (await import('../i18n/en-library')).enLibrary,
    ru: async () => (await import('../i18n/ru-library')).ruLibrary,
  },
  models: {
    en: async () => (await import('../i18n/en-models')).enModels,
    ru: async () => (await import('../i18n/ru-models')).ruModels,
  },
  panel: {
    en: async () => (await import('../i18n/en-panel')).enPanel,
    ru: async () => (await import('../i18n/ru-panel')).ruPanel,
  },
  shell: {
    en: async () => (await import('../i18n/en-shell')).enShell,
    ru: async () => (await import('../i18n/ru-shell')).ruShell,
  },
} satisfies Record<string, Record<Language, () => Promise<Partial<Record<Key, Text>>>>>
export type WordArea = keyof typeof AREAS

/** Every word of the page in the reader's language. */
export class Locale {
  #language = $state<Language>('en')
  #messages = $state.raw<Partial<Record<Key, Text>>>(en)
  #areas = new Set<WordArea>()

  get language(): Language {
    return this.#language
  }

  async use(language: Language): Promise<void> {
    let known: number
    let all: Partial<Record<Key, Text>>[]
    do {
      known = this.#areas.size
      all = await Promise.all([loadWords(language), ...[...this.#areas].map((area) => AREAS[area][language]())])
      // Words that came meanwhile are in the language that was before.
    } while (this.#areas.size !== known)
    this.#messages = Object.assign({}, ...all) as Partial<Record<Key, Text>>
    this.#language = language
    document.documentElement.lang = language
  }

  /** Loads the words of a part of the page, and those for what may go wrong in it; to be awaited before that part is shown. */
  async addWords(area: WordArea): Promise<void> {
    await Promise.all([this.#add(area), this.#add('errors')])
  }

  /** What is being loaded, once the words are here that stand on it. */
  async withWords<Part>(part: Promise<Part>, ...areas: WordArea[]): Promise<Part> {
    const [loaded] = await Promise.all([part, ...areas.map((area) => this.addWords(area))])
    return loaded
  }

  async #add(area: WordArea): Promise<void> {
    if (this.#areas.has(area)) return
    let language: Language
    let words: Partial<Record<Key, Text>>
    do {
      language = this.#language
      words = await AREAS[area][language]()
    } while (language !== this.#language)
    this.#areas.add(area)
    this.#messages = { ...this.#messages, ...words }
  }

  readonly t = (key: Key, values: Fill = {}): string => fillText(this.#messages[key] ?? '', this.#language, values)

  /** What went wrong and what to do, in our own words for a known code, else in the server's. */
  readonly problem = (problem: Problem): { title: string; detail: string } => {
    const { reason } = problem.values
    const values = typeof reason === 'string' ? { ...problem.values, reason: this.named('reason', reason) } : problem.values
    const title = this.#filled(`error.${problem.code}`, values)
    if (title === null) return { title: problem.title || this.t('error.internal'), detail: problem.detail }
    return { title, detail: this.#filled(`error.${problem.code}.advice`, values) ?? problem.detail }
  }

  /** Our own words for something that the server named, else the server's. */
  readonly named = (prefix: string, name: string): string => {
    const key = `${prefix}.${name}`
    return Object.hasOwn(this.#messages, key) ? this.t(key as Key) : (this.#namedWithValues(prefix, name) ?? name)
  }

  readonly number = (value: number, digits = 0): string =>
    new Intl.NumberFormat(this.#language, { maximumFractionDigits: digits }).format(value)

  /** A large number in few signs: "8B". */
  readonly compact = (value: number): string => new Intl.NumberFormat(this.#language, { notation: 'compact', maximumFractionDigits: 1 }).format(value)

  /** The name of a language by its code. */
  readonly languageName = (code: string): string => {
    try {
      return new Intl.DisplayNames(this.#language, { type: 'language' }).of(code) ?? code
    } catch {
      return code
    }
  }

  /** A licence by its SPDX name; one of its own is written without the prefix. */
  readonly licence = (name: string): string => name.replace(/^LicenseRef-/, '').replace(/^apache/, 'Apache').replace(/^mit$/, 'MIT').replaceAll('-', ' ')

  /** A size in decimal units, as model files and disks are sold: 1 GB = 10^9 bytes. */
  readonly bytes = (value: number): string => {
    const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']
    const power = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), units.length - 1)
    const shown = value / 1000 ** power
    return new Intl.NumberFormat(this.#language, {
      style: 'unit',
      unit: units[power],
      unitDisplay: power === 0 ? 'long' : 'short',
      maximumFractionDigits: shown < 10 && power > 0 ? 1 : 0,
    }).format(shown)
  }

  /** A part of a whole, 0 to 1: "94 %". */
  readonly share = (value: number): string => new Intl.NumberFormat(this.#language, { style: 'percent' }).format(value)

  /** How much there is in a document, and how much of it is not read or not sure. */
  readonly extent = (document: ChatDocument): string => {
    const isPaged = document.kind === 'pdf' || document.page_count > 1
    const unread = document.pages.filter(isUnread).length
    const doubtful = document.pages.filter(isDoubtful).length
    return [
      isPaged ? this.t('input.pages', { n: document.page_count }) : this.bytes(document.size_bytes),
      ...(unread === 0 ? [] : isPaged ? [this.t('input.withoutText', { n: unread })] : [this.t('input.nothingRead')]),
      ...(doubtful === 0 ? [] : [this.t('input.doubtful', { n: doubtful })]),
    ].join(', ')
  }

  /** How far the reading of a document has got. */
  readonly progress = (document: ListedDocument): string => {
    if (document.stage === 'queued') return this.t('input.queued')
    if (document.page_count < 2) return this.t('input.reading')
    return this.t(document.stage === 'recognising' ? 'input.recognisingPages' : 'input.readingPages', { read: document.pages_read, total: document.page_count })
  }

  /** "2nd" and its like. */
  readonly ordinal = (n: number): string => {
    const rule = new Intl.PluralRules(this.#language, { type: 'ordinal' }).select(n)
    return this.t(`ordinal.${rule === 'zero' || rule === 'many' ? 'other' : rule}`, { n })
  }

  /** A place in a line with the time that it may take. Units: seconds; null where nobody can tell. */
  readonly inLine = (position: number, expectedS: number | null): string => {
    const isNext = position <= 1
    const place = this.ordinal(position)
    if (expectedS === null) return isNext ? this.t('turn.nextInLine') : this.t('turn.inLine', { place })
    const seconds = Math.max(1, Math.round(expectedS))
    const wait = seconds < 60 ? this.t('wait.seconds', { n: seconds }) : this.t('wait.minutes', { n: Math.round(seconds / 60) })
    return isNext ? this.t('turn.nextInLineWait', { wait }) : this.t('turn.inLineWait', { place, wait })
  }

  /** What a reply is accompanied by, in words. */
  readonly notice = ({ code, values }: Notice): string => {
    if (code === 'fallback_used') {
      const { instead_of = '', reason = '' } = values
      const why = reason === '' ? '' : this.problem({ code: String(reason), title: '', detail: '', values: { backend: instead_of } }).title
      return this.#filled('notice.fallback_used', { ...values, reason: why }) ?? code
    }
    if (code === 'parameters_unsupported' && typeof values['parameters'] === 'string') {
      const names = values['parameters'].split(', ').map((name) => this.named('parameter', name))
      return this.t('notice.parameters_unsupported', { parameters: names.join(', ') })
    }
    return this.#filled(`notice.${code}`, values) ?? code
  }

  readonly moment = (iso: string): string =>
    new Intl.DateTimeFormat(this.#language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso))

  /** Our own words for what the server wrote with names and numbers in it. */
  #namedWithValues(prefix: string, name: string): string | null {
    for (const key of Object.keys(this.#messages)) {
      if (!key.startsWith(`${prefix}.`) || !key.includes('{')) continue
      const values = readTemplate(key.slice(prefix.length + 1), name)
      if (values) return this.t(key as Key, values)
    }
    return null
  }

  /** A text, or its `.bare` form when it came without the values it names; null for an unknown one. */
  #filled(key: string, values: Fill): string | null {
    if (!Object.hasOwn(this.#messages, key)) return null
    const text = String(this.#messages[key as Key])
    const isBare = placeholdersOf(text).some((name) => values[name] === undefined)
    if (!isBare) return this.t(key as Key, values)
    const bare = `${key}.bare`
    if (Object.hasOwn(this.#messages, bare)) return this.t(bare as Key)
    return this.t(key as Key, values).replace(/\s+([.,:])/g, '$1').replace(/:\./g, '.').replace(/\s{2,}/g, ' ').trim()
  }
}
