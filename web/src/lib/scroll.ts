/** Where a box that scrolls stands. Units: CSS pixels. */
export type ScrollPlace = Pick<Element, 'scrollTop' | 'scrollHeight' | 'clientHeight'>

/** From here on a reader counts as being at the end, px. */
const NEAR_END_PX = 64

/** Whether the end of the whole is in view or nearly so; what does not fill its box is all in view. `hasLater`: more follows that is not drawn. */
export const isNearEnd = ({ scrollTop, scrollHeight, clientHeight }: ScrollPlace, hasLater: boolean): boolean =>
  !hasLater && scrollHeight - scrollTop - clientHeight < NEAR_END_PX
