package io.fairlead.cli;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/** A verb that speaks to a running instance. */
abstract class RemoteVerb extends Verb {
  @Option(
      names = "--admin",
      paramLabel = "URL",
      description =
          "Where the instance serves its API; else FAIRLEAD_ADMIN, else " + Cli.ADMIN + ".")
  private @Nullable String admin;

  @Option(
      names = "--token",
      paramLabel = "TOKEN",
      description = "Who you are, where the instance asks; better given in FAIRLEAD_TOKEN.")
  private @Nullable String token;

  @Option(
      names = "--ca",
      paramLabel = "FILE",
      description =
          "Authorities in PEM that the instance's certificate comes from; else FAIRLEAD_CA, else"
              + " those of the system.")
  private @Nullable Path ca;

  @Option(names = "--json", description = "Print the API's answer as it is.")
  private boolean json;

  RemoteVerb(Cli.World world) {
    super(world);
  }

  final boolean json() {
    return json;
  }

  final AdminClient client() {
    String fromWorld = world().environment().getOrDefault("FAIRLEAD_ADMIN", Cli.ADMIN);
    String tokenFromWorld = world().environment().get("FAIRLEAD_TOKEN");
    String caFromWorld = world().environment().get("FAIRLEAD_CA");
    return new AdminClient(
        admin == null ? fromWorld : admin,
        token == null ? tokenFromWorld : token,
        ca == null && caFromWorld != null && !caFromWorld.isEmpty() ? Path.of(caFromWorld) : ca);
  }

  static String text(JsonNode node, String key) {
    JsonNode value = node.get(key);
    return value == null || value.isNull() ? "-" : value.asString();
  }

  static long number(JsonNode node, String key) {
    JsonNode value = node.get(key);
    return value == null ? 0 : value.asLong();
  }

  static double real(JsonNode node, String key) {
    JsonNode value = node.get(key);
    return value == null ? 0 : value.asDouble();
  }

  static String millis(JsonNode node, String key) {
    JsonNode value = node.get(key);
    return value == null || value.isNull() ? "-" : Terminal.millis(value.asDouble());
  }

  /** Adds a parameter to a query, where it has a value. */
  static void add(StringBuilder query, String name, @Nullable String value) {
    if (value != null) {
      query
          .append(query.isEmpty() ? '?' : '&')
          .append(name)
          .append('=')
          .append(URLEncoder.encode(value, StandardCharsets.UTF_8));
    }
  }
}
