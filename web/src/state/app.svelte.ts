import { getContext, setContext } from 'svelte'
import { Http } from '../api/http'
import { getSystem } from '../api/system'
import { Chats } from './chats.svelte'
import type { Library } from './library.svelte'
import { Line } from './line.svelte'
import { Locale } from './locale.svelte'
import { Preferences } from './preferences.svelte'
import { Runs } from './runs.svelte'
import { Session } from './session.svelte'
import { System } from './system.svelte'
import { Viewer } from './viewer.svelte'

const KEY = Symbol('samovar')

/** Every part of the state, made once and passed down by context. */
export class App {
  readonly preferences = new Preferences()
  readonly locale = new Locale()
  readonly line = new Line()
  readonly http = new Http(this.line)
  readonly session = new Session(this.http)
  readonly system = new System(this.http)
  readonly runs = new Runs(this.http)
  readonly viewer = new Viewer(this.http)
  #chats = $state.raw<Chats>(new Chats(this.http, this.runs))

  #library: Library | null = null

  get chats(): Chats {
    return this.#chats
  }

  /** The library, made when it is first looked at: uploads go on while other pages are shown. */
  keepLibrary(make: () => Library): Library {
    return (this.#library ??= make())
  }

  async begin(token: string | null): Promise<void> {
    this.line.watch({
      probe: () => getSystem(this.http),
      onBack: () => void this.#comeBack(),
      onSignedOut: () => this.session.lose(),
    })
    this.#bringErrorWords()
    await this.session.begin(token)
  }

  // They are not for the first view: until they are here, an error is told in the server's words.
  #bringErrorWords(): void {
    this.locale.addWords('errors').catch(() => undefined)
  }

  async #comeBack(): Promise<void> {
    this.#bringErrorWords()
    if (this.session.state === 'in') await Promise.all([this.chats.refresh(), this.system.load()])
    else await this.session.begin(null)
  }
}

export const provideApp = (app: App): App => setContext(KEY, app)
export const useApp = (): App => getContext<App>(KEY)
/** The words of the page. */
export const useLocale = (): Locale => useApp().locale
