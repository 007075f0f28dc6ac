package io.fairlead.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON Schema of the file, for editors: what {@link Language} says, in their words. */
final class ConfigSchema {
  private static final Map<String, Object> SUBSTITUTED =
      Scalar.ordered(
          "description",
          "A value from the environment: ${NAME} or ${NAME:-default}.",
          "type",
          "string",
          "pattern",
          "\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}");

  private final Map<String, Object> definitions = new LinkedHashMap<>();

  private ConfigSchema() {}

  /** The schema (2020-12), the same text every time. */
  public static String json() {
    ConfigSchema schema = new ConfigSchema();
    schema.definitions.put("substituted", SUBSTITUTED);
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("$schema", "https://json-schema.org/draft/2020-12/schema");
    root.put("title", "Fairlead configuration");
    root.putAll(schema.keys(Language.FILE));
    root.put("$defs", schema.definitions);
    return Json.write(root);
  }

  private Map<String, Object> keys(Obj<?> shape) {
    Map<String, Object> properties = new LinkedHashMap<>();
    List<Object> required = new ArrayList<>();
    for (Key<?> key : shape.keys()) {
      properties.put(key.name(), property(key));
      if (key.isRequired()) {
        required.add(key.name());
      }
    }
    Map<String, Object> json =
        Scalar.ordered(
            "description",
            shape.doc(),
            "type",
            "object",
            "additionalProperties",
            false,
            "properties",
            properties);
    if (!required.isEmpty()) {
      json.put("required", required);
    }
    return json;
  }

  private Map<String, Object> property(Key<?> key) {
    Map<String, Object> json = new LinkedHashMap<>();
    String bounds = key.shape() instanceof Scalar<?> scalar ? scalar.bounds() : "";
    json.put("description", key.doc() + (bounds.isEmpty() ? "" : " " + capital(bounds) + "."));
    Object fallback = fallback(key);
    if (fallback != null) {
      json.put("default", fallback);
    }
    json.putAll(shape(key.shape()));
    return json;
  }

  // A default that depends on something, or is a whole object, is described and not stated.
  private static @Nullable Object fallback(Key<?> key) {
    Object value = key.fallback();
    if (!(key.shape() instanceof Scalar<?>) || value == null) {
      return null;
    }
    if (value instanceof Long number && number == Long.MAX_VALUE) {
      return null;
    }
    if (key.fallbackText().contains(" per ")) {
      return null;
    }
    return value instanceof Number || value.equals("") ? value : Units.textOf(value);
  }

  private Map<String, Object> shape(Shape<?> shape) {
    return switch (shape) {
      case Scalar<?> scalar -> scalar(scalar);
      case ListOf<?> list -> {
        Map<String, Object> element = shape(list.element());
        yield Scalar.ordered(
            "anyOf", List.of(element, Scalar.ordered("type", "array", "items", element)));
      }
      case MapOf<?> map ->
          Scalar.ordered(
              "type",
              "object",
              "propertyNames",
              Scalar.ordered("pattern", "^" + map.names().pattern + "$"),
              "additionalProperties",
              shape(map.value()));
      case Obj<?> object -> {
        if (!definitions.containsKey(object.kind())) {
          definitions.put(object.kind(), Map.of()); // keeps the order: outer before inner
          definitions.put(object.kind(), definition(object));
        }
        yield Scalar.ordered("$ref", "#/$defs/" + object.kind());
      }
    };
  }

  private Map<String, Object> definition(Obj<?> object) {
    Map<String, Object> full = keys(object);
    Obj.ShortForm<?, ?> shortForm = object.shortForm();
    return shortForm == null
        ? full
        : Scalar.ordered("anyOf", List.of(scalar(shortForm.scalar()), full));
  }

  private static Map<String, Object> scalar(Scalar<?> scalar) {
    if (scalar.json().equals(Map.of("type", "string"))) {
      // What looks like a number or a truth value in YAML is text all the same where text is meant.
      return Scalar.ordered("type", List.of("string", "number", "boolean"));
    }
    return Scalar.ordered(
        "anyOf", List.of(scalar.json(), Scalar.ordered("$ref", "#/$defs/substituted")));
  }

  private static String capital(String text) {
    return text.substring(0, 1).toUpperCase(java.util.Locale.ROOT) + text.substring(1);
  }
}
