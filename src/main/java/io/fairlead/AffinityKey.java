package io.fairlead;

import io.fairlead.config.AffinityConfig;
import io.fairlead.config.FairleadConfig;
import io.fairlead.config.Secret;
import io.fairlead.config.ServiceConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What cookies are signed with that name nodes: the keys of the configuration, or a random one of
 * this instance's own, which is kept in a file that its user alone may read, so that clients find
 * their nodes again after a restart. It never stands in a log or an error.
 */
final class AffinityKey {
  static final String FILE = "affinity.key";

  private final KeptKey kept;
  private volatile byte @Nullable [] own;

  AffinityKey(SecureRandom random) {
    kept = new KeptKey(FILE, "affinity without a key", "affinity.key", random);
  }

  /**
   * Sees to it that there is a key if that configuration needs one.
   *
   * @throws IOException if there is none and none can be made
   */
  void prepare(FairleadConfig config) throws IOException {
    for (ServiceConfig service : config.services().values()) {
      Optional<AffinityConfig> affinity = service.affinity();
      if (affinity.isPresent() && affinity.get().key().isEmpty()) {
        own = kept.readOrMake(config.data());
        return;
      }
    }
  }

  /** The first signs, all verify. */
  List<byte[]> of(AffinityConfig config) {
    byte[] known = own;
    if (!config.key().isEmpty()) {
      return config.key().stream()
          .map(Secret::value)
          .map(value -> value.getBytes(StandardCharsets.UTF_8))
          .toList();
    }
    if (known == null) {
      throw new IllegalStateException("no key was prepared");
    }
    return List.of(known);
  }
}
