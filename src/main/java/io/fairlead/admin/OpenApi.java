package io.fairlead.admin;

import io.fairlead.admin.Endpoint.Parameter;
import io.fairlead.config.AdminConfig.Role;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Writes the API down as OpenAPI 3.1, from the table of endpoints and the records they answer. */
final class OpenApi {
  private final Map<String, Object> schemas = new TreeMap<>();

  private OpenApi() {}

  static Map<String, Object> describe(List<Endpoint> endpoints, String version) {
    return new OpenApi().document(endpoints, version);
  }

  private Map<String, Object> document(List<Endpoint> endpoints, String version) {
    Map<String, Map<String, Object>> paths = new LinkedHashMap<>();
    for (Endpoint endpoint : endpoints) {
      paths
          .computeIfAbsent(endpoint.path(), _ -> new LinkedHashMap<>())
          .put(endpoint.method().toLowerCase(Locale.ROOT), operation(endpoint));
    }
    schemaOf(Problem.class);
    Map<String, Object> info = new LinkedHashMap<>();
    info.put("title", "Fairlead admin API");
    info.put("version", version);
    info.put(
        "description",
        "Where tokens or people who sign in are configured, reads need the role viewer, SQL the role"
            + " analyst and changes the role operator, given as a bearer token or by the session of"
            + " who has signed in.");
    Map<String, Object> components = new LinkedHashMap<>();
    components.put("schemas", schemas);
    components.put("securitySchemes", Map.of("token", ordered("type", "http", "scheme", "bearer")));
    return ordered("openapi", "3.1.0", "info", info, "paths", paths, "components", components);
  }

  private Map<String, Object> operation(Endpoint endpoint) {
    Map<String, Object> operation = new LinkedHashMap<>();
    operation.put("summary", endpoint.summary());
    Role role = endpoint.role();
    if (role != null) {
      operation.put("x-role", role.name().toLowerCase(Locale.ROOT));
      operation.put("security", List.of(Map.of("token", List.of())));
    }
    List<Object> parameters = new ArrayList<>();
    for (String part : endpoint.path().split("/", -1)) {
      if (part.startsWith("{")) {
        parameters.add(
            ordered(
                "name",
                part.substring(1, part.length() - 1),
                "in",
                "path",
                "required",
                true,
                "schema",
                ordered("type", "string")));
      }
    }
    for (Parameter parameter : endpoint.parameters()) {
      Map<String, Object> text = ordered("type", "string");
      parameters.add(
          ordered(
              "name", parameter.name(),
              "in", "query",
              "required", parameter.required(),
              "description", parameter.meaning(),
              "schema", parameter.repeats() ? ordered("type", "array", "items", text) : text));
    }
    if (!parameters.isEmpty()) {
      operation.put("parameters", parameters);
    }
    switch (endpoint.body()) {
      case NONE -> {}
      case NODE ->
          operation.put(
              "requestBody", content(false, Map.of(Api.JSON, schemaOf(Views.NodeBody.class))));
      case CONFIG ->
          operation.put(
              "requestBody", content(true, Map.of("application/yaml", ordered("type", "string"))));
      case SCALE ->
          operation.put(
              "requestBody", content(true, Map.of(Api.JSON, schemaOf(ScaleApi.ScaleBody.class))));
      case DEPLOY ->
          operation.put(
              "requestBody",
              content(true, Map.of(Api.JSON, schemaOf(DeploysApi.DeployBody.class))));
      case SILENCE ->
          operation.put(
              "requestBody",
              content(true, Map.of(Api.JSON, schemaOf(AlertViews.SilenceBody.class))));
      case BYTES ->
          operation.put(
              "requestBody",
              content(true, Map.of(GroupApi.BYTES, ordered("type", "string", "format", "binary"))));
      case RULE ->
          operation.put(
              "requestBody",
              content(
                  true,
                  ordered(
                      "application/yaml",
                      ordered("type", "string"),
                      Api.JSON,
                      ordered("type", "object"))));
      case SQL ->
          operation.put(
              "requestBody",
              content(
                  true,
                  ordered(
                      Api.JSON,
                      schemaOf(Views.QueryBody.class),
                      "application/sql",
                      ordered("type", "string"))));
    }
    operation.put("responses", responses(endpoint));
    return operation;
  }

  private Map<String, Object> responses(Endpoint endpoint) {
    Map<String, Object> media = new LinkedHashMap<>();
    new TreeMap<>(endpoint.answers())
        .forEach((type, shape) -> media.put(type, ordered("schema", schemaOf(shape))));
    Map<String, Object> responses = new LinkedHashMap<>();
    responses.put("200", ordered("description", "As asked.", "content", media));
    if (endpoint.body() == Endpoint.Body.NODE) {
      responses.put("201", ordered("description", "It is a new member.", "content", media));
    }
    responses.put(
        "default",
        ordered(
            "description",
            "A problem document (RFC 9457).",
            "content",
            ordered("application/problem+json", ordered("schema", schemaOf(Problem.class)))));
    return responses;
  }

  private static Map<String, Object> content(boolean required, Map<String, Object> schemas) {
    Map<String, Object> media = new LinkedHashMap<>();
    schemas.forEach((type, schema) -> media.put(type, ordered("schema", schema)));
    return ordered("required", required, "content", media);
  }

  private Map<String, Object> schemaOf(Type type) {
    if (type instanceof ParameterizedType map && map.getRawType() == Map.class) {
      return ordered(
          "type", "object", "additionalProperties", schemaOf(map.getActualTypeArguments()[1]));
    }
    if (type instanceof ParameterizedType generic) {
      return ordered("type", "array", "items", schemaOf(generic.getActualTypeArguments()[0]));
    }
    if (!(type instanceof Class<?> shape)) {
      throw new IllegalArgumentException("no schema for " + type);
    }
    if (shape == String.class) {
      return ordered("type", "string");
    }
    if (shape == boolean.class) {
      return ordered("type", "boolean");
    }
    if (shape == int.class || shape == Integer.class) {
      return ordered("type", "integer", "format", "int32");
    }
    if (shape == long.class || shape == Long.class) {
      return ordered("type", "integer", "format", "int64");
    }
    if (shape == double.class || shape == Double.class) {
      return ordered("type", "number");
    }
    if (shape == Object.class) {
      return ordered();
    }
    if (shape == Map.class) {
      return ordered("type", "object");
    }
    if (!shape.isRecord()) {
      throw new IllegalArgumentException("no schema for " + shape);
    }
    String name = shape.getSimpleName();
    if (!schemas.containsKey(name)) {
      schemas.put(name, Map.of()); // ends recursion
      schemas.put(name, record(shape));
    }
    return ordered("$ref", "#/components/schemas/" + name);
  }

  private Map<String, Object> record(Class<?> shape) {
    Map<String, Object> schema = new LinkedHashMap<>();
    Doc doc = shape.getAnnotation(Doc.class);
    if (doc != null) {
      schema.put("description", doc.value());
    }
    schema.put("type", "object");
    Map<String, Object> properties = new LinkedHashMap<>();
    List<String> required = new ArrayList<>();
    for (RecordComponent component : shape.getRecordComponents()) {
      Map<String, Object> property = schemaOf(component.getGenericType());
      if (isNullable(component.getAnnotatedType())) {
        property = orNull(property);
      } else {
        required.add(component.getName());
      }
      Doc meaning = component.getAnnotation(Doc.class);
      if (meaning != null) {
        property.put("description", meaning.value());
      }
      properties.put(component.getName(), property);
    }
    schema.put("properties", properties);
    if (!required.isEmpty()) {
      schema.put("required", required);
    }
    return schema;
  }

  private static Map<String, Object> orNull(Map<String, Object> schema) {
    if (schema.get("type") instanceof String type) {
      schema.put("type", List.of(type, "null"));
      return schema;
    }
    return ordered("anyOf", List.of(schema, ordered("type", "null")));
  }

  private static boolean isNullable(AnnotatedType type) {
    return type.isAnnotationPresent(Nullable.class);
  }

  private static Map<String, Object> ordered(Object... keysAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      map.put((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return map;
  }
}
