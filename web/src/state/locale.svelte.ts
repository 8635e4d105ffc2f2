import type { ChatDocument, Problem } from '../api/types'
import { en } from '../i18n/en'
import { fillText, placeholdersOf, type Fill, type Key, type Language, type Messages } from '../i18n/messages'

/** Every word of the page in the reader's language. */
export class Locale {
  #language = $state<Language>('en')
  #messages = $state.raw<Messages>(en)

  get language(): Language {
    return this.#language
  }

  async use(language: Language): Promise<void> {
    this.#messages = language === 'ru' ? (await import('../i18n/ru')).ru : en
    this.#language = language
    document.documentElement.lang = language
  }

  readonly t = (key: Key, values: Fill = {}): string => fillText(this.#messages[key], this.#language, values)

  /** What went wrong and what to do, in our own words for a known code, else in the server's. */
  readonly problem = (problem: Problem): { title: string; detail: string } => {
    const { reason } = problem.values
    const values = typeof reason === 'string' ? { ...problem.values, reason: this.named('reason', reason) } : problem.values
    const title = this.#errorText(`error.${problem.code}`, values)
    if (title === null) return { title: problem.title || this.t('error.internal'), detail: problem.detail }
    return { title, detail: this.#errorText(`error.${problem.code}.advice`, values) ?? problem.detail }
  }

  /** Our own words for something that the server named, else the server's. */
  readonly named = (prefix: string, name: string): string => {
    const key = `${prefix}.${name}`
    return Object.hasOwn(this.#messages, key) ? this.t(key as Key) : name
  }

  readonly number = (value: number, digits = 0): string =>
    new Intl.NumberFormat(this.#language, { maximumFractionDigits: digits }).format(value)

  readonly bytes = (value: number): string => {
    const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']
    const power = Math.min(Math.floor(Math.log2(Math.max(value, 1)) / 10), units.length - 1)
    const shown = value / 1024 ** power
    return new Intl.NumberFormat(this.#language, {
      style: 'unit',
      unit: units[power],
      unitDisplay: power === 0 ? 'long' : 'short',
      maximumFractionDigits: shown < 10 && power > 0 ? 1 : 0,
    }).format(shown)
  }

  /** How much there is in a document, and how much of it cannot be read. */
  readonly extent = (document: ChatDocument): string => {
    if (document.kind !== 'pdf') return this.bytes(document.size_bytes)
    const pages = this.t('input.pages', { n: document.page_count })
    const wordless = document.pages.filter((page) => page.status !== 'text').length
    return wordless === 0 ? pages : `${pages}, ${this.t('input.withoutText', { n: wordless })}`
  }

  readonly moment = (iso: string): string =>
    new Intl.DateTimeFormat(this.#language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso))

  /** The text of an error, or its `.bare` form when the error came without the values it names. */
  #errorText(key: string, values: Fill): string | null {
    if (!Object.hasOwn(this.#messages, key)) return null
    const text = String(this.#messages[key as Key])
    const isBare = placeholdersOf(text).some((name) => values[name] === undefined)
    if (!isBare) return this.t(key as Key, values)
    const bare = `${key}.bare`
    if (Object.hasOwn(this.#messages, bare)) return this.t(bare as Key)
    return this.t(key as Key, values).replace(/\s+([.,:])/g, '$1').replace(/:\./g, '.').replace(/\s{2,}/g, ' ').trim()
  }
}
