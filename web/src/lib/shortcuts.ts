export type Shortcut = 'newChat' | 'search' | 'sideBar' | 'focusInput' | 'copyAnswer' | 'help' | 'settings' | 'models' | 'library' | 'stop'

type Press = Pick<KeyboardEvent, 'code' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>

/** The command of a key press, by the place of the key, so that any keyboard layout works. */
export function shortcutOf(press: Press): Shortcut | null {
  if (press.altKey) return null
  const isCommand = press.ctrlKey || press.metaKey
  if (press.code === 'Escape') {
    if (isCommand) return null
    return press.shiftKey ? 'focusInput' : 'stop'
  }
  if (!isCommand) return null
  if (press.shiftKey) return { KeyO: 'newChat', KeyC: 'copyAnswer', Comma: 'models', Period: 'library' }[press.code] as Shortcut | undefined ?? null
  return (
    ({ KeyK: 'search', KeyB: 'sideBar', Slash: 'help', Period: 'settings' } as Record<string, Shortcut>)[press.code] ?? null
  )
}

export const isApple = (): boolean => /Mac|iPhone|iPad/.test(navigator.userAgent)

/** The keys of a command as they are printed on the reader's keyboard. */
export function keysOf(shortcut: Shortcut | 'send' | 'newLine' | 'editLast'): string[] {
  const command = isApple() ? '⌘' : 'Ctrl'
  const keys: Record<Shortcut | 'send' | 'newLine' | 'editLast', string[]> = {
    newChat: [command, 'Shift', 'O'],
    search: [command, 'K'],
    sideBar: [command, 'B'],
    focusInput: ['Shift', 'Esc'],
    copyAnswer: [command, 'Shift', 'C'],
    help: [command, '/'],
    settings: [command, '.'],
    models: [command, 'Shift', ','],
    library: [command, 'Shift', '.'],
    stop: ['Esc'],
    send: ['Enter'],
    newLine: ['Shift', 'Enter'],
    editLast: ['↑'],
  }
  return keys[shortcut]
}
