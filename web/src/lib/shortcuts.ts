/** Keys that are held and the place of the key that is pressed: `Mod+Shift+KeyO`. `Mod` is Ctrl, or ⌘ on a Mac. */
export type Chord = string

/** Every command of the keyboard with the keys that it has unless the reader chooses others, in the order of the list. */
export const DEFAULT_KEYS = {
  newChat: 'Mod+Shift+KeyO',
  search: 'Mod+KeyK',
  sideBar: 'Mod+KeyB',
  focusInput: 'Shift+Escape',
  copyAnswer: 'Mod+Shift+KeyC',
  temporaryChat: 'Mod+Shift+Semicolon',
  prompts: 'Mod+Shift+Quote',
  library: 'Mod+Shift+Period',
  models: 'Mod+Shift+Comma',
  settings: 'Mod+Period',
  help: 'Mod+Slash',
  stop: 'Escape',
} as const satisfies Record<string, Chord>
export type Shortcut = keyof typeof DEFAULT_KEYS
export const SHORTCUTS = Object.keys(DEFAULT_KEYS) as Shortcut[]

/** What the input does by itself, so that nobody can give it other keys. */
export const INPUT_KEYS = { send: 'Enter', newLine: 'Shift+Enter', editLast: 'ArrowUp' } as const satisfies Record<string, Chord>
export type InputKey = keyof typeof INPUT_KEYS

/** The keys that the reader chose instead. */
export type Bindings = Partial<Record<Shortcut, Chord>>
type Press = Pick<KeyboardEvent, 'code' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>

const MODIFIERS = /^(?:Control|Shift|Alt|Meta|OS)(?:Left|Right)?$/

/** The chord of a key press by the place of the key, so that any layout works; null while only modifiers are held. */
export function chordOf(press: Press): Chord | null {
  if (press.code === '' || MODIFIERS.test(press.code)) return null
  const held = [press.ctrlKey || press.metaKey ? 'Mod' : '', press.altKey ? 'Alt' : '', press.shiftKey ? 'Shift' : '']
  return [...held.filter((name) => name !== ''), press.code].join('+')
}

/** The command of a key press. */
export function shortcutOf(press: Press, bindings: Bindings = {}): Shortcut | null {
  const chord = chordOf(press)
  return chord === null ? null : (SHORTCUTS.find((command) => (bindings[command] ?? DEFAULT_KEYS[command]) === chord) ?? null)
}

export const isApple = (): boolean => /Mac|iPhone|iPad/.test(navigator.userAgent)

const PRINTED: Record<string, string> = {
  Escape: 'Esc', Period: '.', Comma: ',', Slash: '/', Backslash: '\\', Semicolon: ';', Quote: "'", Minus: '-', Equal: '=', Backquote: '`', BracketLeft: '[', BracketRight: ']',
  ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→',
}

/** The keys of a chord as they are printed on the reader's keyboard. */
export function printKeys(chord: Chord): string[] {
  return chord.split('+').map((part) => (part === 'Mod' ? (isApple() ? '⌘' : 'Ctrl') : part === 'Alt' && isApple() ? '⌥' : (PRINTED[part] ?? part.replace(/^(?:Key|Digit)/, ''))))
}

/** The keys of a command as they are printed, with those that the reader chose. */
export function keysOf(command: Shortcut | InputKey, bindings: Bindings = {}): string[] {
  return printKeys(command in INPUT_KEYS ? INPUT_KEYS[command as InputKey] : (bindings[command as Shortcut] ?? DEFAULT_KEYS[command as Shortcut]))
}
