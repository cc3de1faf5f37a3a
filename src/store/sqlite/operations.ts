/** Operations by name: functions of what the worker has, and of arguments that can be cloned. */
export type Operations = Readonly<Record<string, (...all: never[]) => unknown>>
/** The arguments after the worker's own. */
export type Arguments<Operation> = Operation extends (own: never, ...rest: infer Rest) => unknown ? Rest : never
export type Output<Operation> = Operation extends (...all: never[]) => infer Result ? Result : never
