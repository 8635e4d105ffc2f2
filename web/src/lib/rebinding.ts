import { DEFAULT_KEYS, INPUT_KEYS, SHORTCUTS, type Bindings, type Chord, type InputKey, type Shortcut } from './shortcuts'

/**
 * Keys that browsers keep for themselves whatever a page wants: new and closed windows and tabs, leaving, walking between tabs.
 * Source: tried in Chromium 142; the lists of Chrome and Firefox for "reserved" keys (2025) agree.
 */
const KEPT: ReadonlySet<Chord> = new Set([
  ...['KeyN', 'KeyT', 'KeyW', 'KeyQ', 'Tab', 'PageUp', 'PageDown', 'F4'].flatMap((code) => [`Mod+${code}`, `Mod+Shift+${code}`]),
  'Alt+F4', 'Alt+Tab', 'Alt+Shift+Tab', 'F11',
])
/** Keys with which text is edited: a command in their place would take them from every input. */
const OF_TEXT: ReadonlySet<Chord> = new Set(['KeyA', 'KeyC', 'KeyV', 'KeyX', 'KeyZ', 'KeyY', 'Shift+KeyZ', 'Shift+KeyV', 'Backspace', 'ArrowLeft', 'ArrowRight', 'Enter'].map((rest) => `Mod+${rest}`))
/** Keys that do something of their own without being held together with others. */
const ALONE = /^(?:Shift\+)?F\d{1,2}$|^Shift\+Escape$/

/** Why a command cannot have these keys; null when it can. */
export type Objection = { kind: 'kept' } | { kind: 'text' } | { kind: 'bare' } | { kind: 'taken'; by: Shortcut | InputKey }

/** What speaks against giving a command these keys. */
export function objectionTo(command: Shortcut, chord: Chord, bindings: Bindings): Objection | null {
  if (KEPT.has(chord)) return { kind: 'kept' }
  const input = (Object.keys(INPUT_KEYS) as InputKey[]).find((name) => INPUT_KEYS[name] === chord)
  if (input) return { kind: 'taken', by: input }
  const owner = SHORTCUTS.find((other) => other !== command && (bindings[other] ?? DEFAULT_KEYS[other]) === chord)
  if (owner) return { kind: 'taken', by: owner }
  if (OF_TEXT.has(chord)) return { kind: 'text' }
  // A letter alone is written, and Alt alone writes signs of many layouts.
  if (!chord.startsWith('Mod+') && !ALONE.test(chord)) return { kind: 'bare' }
  return null
}

/** The bindings with other keys for one command; its own keys are no choice that is kept. */
export function bind(bindings: Bindings, command: Shortcut, chord: Chord | null): Bindings {
  const { [command]: _before, ...others } = bindings
  return chord === null || chord === DEFAULT_KEYS[command] ? others : { ...others, [command]: chord }
}
