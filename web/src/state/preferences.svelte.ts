import type { Language } from '../i18n/messages'
import { keysOf, shortcutOf, SHORTCUTS, type Bindings, type InputKey, type Shortcut } from '../lib/shortcuts'
import { keep, recall } from '../lib/store'

export const THEMES = ['system', 'light', 'dark', 'contrast'] as const
export type Theme = (typeof THEMES)[number]
export const PANEL_TABS = ['parameters', 'prompt', 'context', 'ledger'] as const
export type PanelTab = (typeof PANEL_TABS)[number]

const KEY = 'samovar.preferences'

interface Saved {
  theme?: Theme
  language?: Language | null
  isSideBarOpen?: boolean
  isPanelOpen?: boolean
  panelTab?: PanelTab
  showsMarks?: boolean
  keys?: Bindings
}

const isPhone = (): boolean => matchMedia('(max-width: 760px)').matches

/** What this reader chose about the page itself; kept in this browser, nothing secret. */
export class Preferences {
  #theme = $state<Theme>('system')
  #language = $state<Language | null>(null)
  #isSideBarOpen = $state(true)
  #isPanelOpen = $state(false)
  #panelTab = $state<PanelTab>('parameters')
  #showsMarks = $state(true)
  #keys = $state.raw<Bindings>({})

  constructor() {
    const saved = (recall(KEY) ?? {}) as Saved
    if (saved.theme && THEMES.includes(saved.theme)) this.#theme = saved.theme
    if (saved.language === 'en' || saved.language === 'ru') this.#language = saved.language
    if (saved.panelTab && PANEL_TABS.includes(saved.panelTab)) this.#panelTab = saved.panelTab
    this.#showsMarks = saved.showsMarks !== false
    this.#keys = Object.fromEntries(SHORTCUTS.flatMap((command) => (typeof saved.keys?.[command] === 'string' ? [[command, saved.keys[command]]] : [])))
    // Overlays never greet a reader on a small screen.
    this.#isSideBarOpen = !isPhone() && saved.isSideBarOpen !== false
    this.#isPanelOpen = !isPhone() && saved.isPanelOpen === true
  }

  get theme(): Theme {
    return this.#theme
  }
  get language(): Language {
    return this.#language ?? (navigator.language.toLowerCase().startsWith('ru') ? 'ru' : 'en')
  }
  get isSideBarOpen(): boolean {
    return this.#isSideBarOpen
  }
  get isPanelOpen(): boolean {
    return this.#isPanelOpen
  }
  get panelTab(): PanelTab {
    return this.#panelTab
  }

  /** Whether statements without support are marked in answers. */
  get showsMarks(): boolean {
    return this.#showsMarks
  }

  /** The keys that the reader gave to commands. */
  get keys(): Bindings {
    return this.#keys
  }
  /** The keys of a command as they are printed. */
  readonly keysOf = (command: Shortcut | InputKey): string[] => keysOf(command, this.#keys)
  /** The same in one line, for a hint. */
  readonly hintOf = (command: Shortcut | InputKey): string => this.keysOf(command).join('+')
  /** The command of a key press. */
  readonly shortcutOf = (event: KeyboardEvent): Shortcut | null => shortcutOf(event, this.#keys)

  chooseTheme(theme: Theme): void {
    this.#theme = theme
    if (theme === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = theme
    this.#keep()
  }

  chooseLanguage(language: Language): void {
    this.#language = language
    this.#keep()
  }

  showSideBar(isOpen: boolean): void {
    this.#isSideBarOpen = isOpen
    if (!isPhone()) this.#keep()
  }

  showPanel(isOpen: boolean, tab: PanelTab = this.#panelTab): void {
    this.#isPanelOpen = isOpen
    this.#panelTab = tab
    if (!isPhone()) this.#keep()
  }

  showMarks(areShown: boolean): void {
    this.#showsMarks = areShown
    this.#keep()
  }

  chooseKeys(keys: Bindings): void {
    this.#keys = keys
    this.#keep()
  }

  #keep(): void {
    keep(KEY, {
      theme: this.#theme,
      language: this.#language,
      isSideBarOpen: this.#isSideBarOpen,
      isPanelOpen: this.#isPanelOpen,
      panelTab: this.#panelTab,
      showsMarks: this.#showsMarks,
      keys: this.#keys,
    } satisfies Saved)
  }
}
