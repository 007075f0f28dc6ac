package io.fairlead;

import io.fairlead.config.AuthConfig;
import io.fairlead.config.BasicAuthConfig;
import io.fairlead.config.FairleadConfig;
import io.fairlead.config.ListenerConfig;
import io.fairlead.config.RouteConfig;
import io.fairlead.identity.CheckDesk;
import io.fairlead.identity.PasswordCheck;
import io.fairlead.identity.UserFile;
import io.fairlead.limit.RateLimiter;
import io.fairlead.proxy.http.CredentialGuard;
import io.fairlead.proxy.http.Guard;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Keeps what guards of routes check credentials by: reads files of users, and reads them again when
 * they change. Used under the lock of {@link Fairlead} for changes. What cannot be read changes
 * nothing: who was let in before still is.
 */
final class IdentityKeeper {
  private static final int SECRET_BYTES = 32;

  private static final class Kept {
    final UserFile users;
    final WatchedFiles watched;

    Kept(UserFile users, WatchedFiles watched) {
      this.users = users;
      this.watched = watched;
    }
  }

  private final int loops;
  private final SecureRandom secrets;
  private final Consumer<Event> events;
  private final byte[] secret;
  private final CheckDesk passwords = CheckDesk.ofPasswords();
  private Map<Path, Kept> kept = Map.of();

  IdentityKeeper(int loops, SecureRandom secrets, Consumer<Event> events) {
    this.loops = loops;
    this.secrets = secrets;
    this.events = events;
    this.secret = new byte[SECRET_BYTES];
    secrets.nextBytes(secret);
  }

  /** Whether there is anything to look after. */
  boolean isNeeded() {
    return !kept.isEmpty();
  }

  /** How many files are looked at. */
  int files() {
    return kept.size();
  }

  /**
   * Reads what that configuration needs and was not read before.
   *
   * @throws IOException naming the key and the file, and what is wrong with it
   */
  void prepare(FairleadConfig config) throws IOException {
    Map<Path, Kept> next = new HashMap<>(kept);
    for (ListenerConfig listener : config.listeners().values()) {
      for (int i = 0; i < listener.routes().size(); i++) {
        Optional<BasicAuthConfig> basic = listener.routes().get(i).auth().basic();
        if (basic.isEmpty() || next.containsKey(basic.get().users())) {
          continue;
        }
        Path path = basic.get().users();
        try {
          WatchedFiles watched = new WatchedFiles(List.of(path)); // before it is read
          next.put(path, new Kept(UserFile.read(path), watched));
        } catch (IOException e) {
          throw new IOException(
              "listeners."
                  + listener.name()
                  + ".routes["
                  + i
                  + "].basic-auth.users: "
                  + e.getMessage(),
              e);
        }
      }
    }
    kept = next;
  }

  /** That configuration is in force: forgets what it does not need. */
  void keep(FairleadConfig config) {
    Map<Path, Kept> needed = new HashMap<>(kept);
    needed
        .keySet()
        .retainAll(
            config.listeners().values().stream()
                .flatMap(listener -> listener.routes().stream())
                .flatMap(route -> route.auth().basic().stream())
                .map(BasicAuthConfig::users)
                .toList());
    kept = needed;
  }

  /**
   * The guards of a route.
   *
   * @param old with what they have found out; kept if the route asks for the same
   */
  List<Guard> guards(RouteConfig route, AuthConfig before, List<Guard> old) {
    if (route.auth().equals(before)) {
      return old;
    }
    List<Guard> guards = new ArrayList<>();
    route.auth().basic().ifPresent(basic -> guards.add(guard(basic)));
    return guards;
  }

  private Guard guard(BasicAuthConfig config) {
    Kept known = kept.get(config.users());
    if (known == null) {
      throw new IllegalStateException("not read: " + config.users());
    }
    RateLimiter attempts =
        new RateLimiter(
            config.attempts().intervalNanos(),
            config.burst(),
            BasicAuthConfig.CLIENTS,
            secrets.nextLong());
    return new CredentialGuard(
        new CredentialGuard.Parts(
            "basic-auth",
            new PasswordCheck(config, known.users),
            passwords,
            config.userHeader().isEmpty() ? List.of() : List.of(config.userHeader()),
            config.passCredentials(),
            attempts),
        loops,
        secret);
  }

  /** Takes up what has changed in files. */
  void lookAgain() {
    for (Kept one : kept.values()) {
      if (one.watched.haveChanged()) {
        String file = one.users.path().toString();
        try {
          one.users.readAgain();
          events.accept(new Event.UsersLoaded(file, one.users.count()));
        } catch (IOException e) {
          events.accept(new Event.UsersRefused(file, String.valueOf(e.getMessage())));
        }
      }
    }
  }
}
