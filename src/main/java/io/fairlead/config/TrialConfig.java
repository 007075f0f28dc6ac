package io.fairlead.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What is tried out with the requests of a route.
 *
 * @param mirror another service that gets copies; none: nobody does
 * @param fault what goes wrong on purpose; none: nothing does
 */
public record TrialConfig(Optional<MirrorConfig> mirror, Optional<FaultConfig> fault) {
  public static final TrialConfig NONE = new TrialConfig(Optional.empty(), Optional.empty());

  /** What is given, as the file spells it. */
  List<String> keys() {
    List<String> keys = new ArrayList<>();
    mirror.ifPresent(_ -> keys.add("mirror"));
    fault.ifPresent(_ -> keys.add("fault"));
    return keys;
  }
}
