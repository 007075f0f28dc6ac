package io.fairlead.scaling;

import io.fairlead.config.ScaleDriver;
import io.fairlead.config.Secret;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A version of what runs on a node, and how it is started.
 *
 * @param version its name; empty: it has none
 * @param command in place of what the configuration says; empty: that
 * @param image the same
 */
public record Release(String version, List<String> command, String image) {
  /** Whatever the configuration says. */
  public static final Release PLAIN = new Release("", List.of(), "");

  /** Tells a node its version. */
  static final String VARIABLE = "FAIRLEAD_VERSION";

  public Release {
    command = List.copyOf(command);
  }

  /** As the configuration says, with that version. */
  public static Release of(String version) {
    return new Release(version, List.of(), "");
  }

  /** What the driver is to do for it. */
  ScaleDriver on(ScaleDriver driver) {
    return switch (driver) {
      case ScaleDriver.Program program ->
          new ScaleDriver.Program(
              filled(command.isEmpty() ? program.command() : command),
              told(program.environment()),
              program.directory());
      case ScaleDriver.Exec exec ->
          new ScaleDriver.Exec(
              exec.list(),
              filled(exec.add()),
              exec.remove(),
              told(exec.environment()),
              exec.directory());
      case ScaleDriver.Agents agents -> agents; // they are told the version
      case ScaleDriver.Kubernetes kubernetes -> kubernetes; // its pods are as they are there
      case ScaleDriver.Docker docker ->
          new ScaleDriver.Docker(
              docker.socket(),
              filled(image.isEmpty() ? docker.image() : image),
              docker.port(),
              filled(command.isEmpty() ? docker.command() : command),
              told(docker.environment()),
              docker.memory(),
              docker.volumes());
    };
  }

  private List<String> filled(List<String> parts) {
    return parts.stream().map(this::filled).toList();
  }

  private String filled(String part) {
    return part.replace(ScaleDriver.VERSION, version);
  }

  private Map<String, Secret> told(Map<String, Secret> environment) {
    if (version.isEmpty()) {
      return environment;
    }
    Map<String, Secret> told = new LinkedHashMap<>(environment);
    told.put(VARIABLE, new Secret(version));
    return told;
  }
}
