import * as z from 'zod'

/** JSON Schema 2020-12, which OpenAPI 3.1 uses. */
export type JsonSchema = z.core.JSONSchema.BaseSchema

type Direction = 'input' | 'output'

/** Converts zod schemas to JSON Schemas, and collects those with an id in `components`. */
export function schemaWriter() {
  const components: Record<string, JsonSchema> = {}

  function write(schema: z.ZodType, io: Direction): JsonSchema {
    // Inside an object, a schema with an id becomes a reference, too.
    const { $defs = {}, properties } = z.toJSONSchema(z.object({ schema }), {
      io,
      override: (context) => simplify(context, io),
    })
    for (const [id, { id: _, ...definition }] of Object.entries($defs)) {
      components[id] = intoComponents(definition)
    }
    const written = properties?.schema
    return typeof written === 'object' ? intoComponents(written) : {}
  }
  return { components, write }
}

/** Merges keywords that zod writes separately, and describes a pipe's input by its last schema. */
function simplify(
  { zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: JsonSchema },
  io: Direction,
): void {
  const { def } = zodSchema._zod
  if (io === 'input' && def.type === 'pipe' && def.out._zod.def.type !== 'transform') {
    replace(jsonSchema, {
      ...z.toJSONSchema(def.out, { io, override: (context) => simplify(context, io) }),
      ...z.globalRegistry.get(zodSchema),
    })
    delete jsonSchema.$schema
  }

  // To zod, examples and defaults describe the output, so it leaves them out of inputs.
  if (io === 'input') {
    const examples = z.globalRegistry.get(zodSchema)?.examples
    if (Array.isArray(examples)) jsonSchema.examples = examples
    if (def.type === 'default') jsonSchema.default = def.defaultValue
    if (def.type === 'object') jsonSchema.required = requiredKeys(def.shape)
  }
  if (def.type === 'nullable') {
    const { anyOf: [inner = {}] = [], ...about } = jsonSchema
    if (inner.type && !inner.enum) {
      replace(jsonSchema, { ...inner, ...about, type: [inner.type, 'null'] })
    }
  }
  if (jsonSchema.type === 'integer') {
    if (jsonSchema.exclusiveMinimum !== undefined) {
      jsonSchema.minimum = Number(jsonSchema.exclusiveMinimum) + 1
      delete jsonSchema.exclusiveMinimum
    }
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) {
      delete jsonSchema.maximum
      jsonSchema.format = 'int64'
    }
  }
  // The format says it already, and zod's pattern, which counts leap years, is unreadable.
  if (jsonSchema.format === 'date') delete jsonSchema.pattern
}

/** The required keys: those whose schema rejects undefined. */
const requiredKeys = (shape: z.core.$ZodShape) =>
  Object.entries(shape)
    .filter(([, field]) => !z.safeParse(field, undefined).success)
    .map(([key]) => key)

function replace(target: Record<string, unknown>, source: Record<string, unknown>): void {
  for (const key of Object.keys(target)) delete target[key]
  Object.assign(target, source)
}

/** Points the schema's references to the document's components. */
function intoComponents<T>(schema: T): T {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'))
}

type Part = z.core.JSONSchema._JSONSchema | unknown[] | undefined

/** An example of the schema: its own, or one made from the examples of its parts. */
export function exampleOf(given: Part, components: Record<string, JsonSchema>): unknown {
  const schema: JsonSchema = typeof given === 'object' && !Array.isArray(given) ? given : {}
  if (schema.$ref !== undefined) {
    return exampleOf(components[schema.$ref.slice('#/components/schemas/'.length)], components)
  }
  if (schema.examples?.length) return schema.examples[0]
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  const [first] = schema.anyOf ?? schema.oneOf ?? []
  if (first) return exampleOf(first, components)
  if (schema.type === 'array') return [exampleOf(schema.items, components)]
  if (schema.type === 'object') {
    const parts = Object.entries(schema.properties ?? {})
    return Object.fromEntries(parts.map(([key, part]) => [key, exampleOf(part, components)]))
  }
  return schema.minimum ?? undefined
}
