package io.fairlead;

import io.fairlead.config.AuthConfig;
import io.fairlead.config.BasicAuthConfig;
import io.fairlead.config.FairleadConfig;
import io.fairlead.config.JwtConfig;
import io.fairlead.config.ListenerConfig;
import io.fairlead.config.RouteConfig;
import io.fairlead.identity.CheckDesk;
import io.fairlead.identity.KeySource;
import io.fairlead.identity.PasswordCheck;
import io.fairlead.identity.TokenCheck;
import io.fairlead.identity.UserFile;
import io.fairlead.limit.RateLimiter;
import io.fairlead.proxy.http.CredentialGuard;
import io.fairlead.proxy.http.Guard;
import io.fairlead.telemetry.Event;
import io.fairlead.trust.OutboundHttp;
import io.fairlead.trust.WatchedFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Keeps what guards of routes check credentials by: files of users, and the keys of those who make
 * tokens. Reads them, and again when they change. Used under the lock of {@link Fairlead} for
 * changes. What cannot be read changes nothing: who was let in before still is.
 */
final class IdentityKeeper {
  private static final int SECRET_BYTES = 32;

  /** Where keys are, and how often they are fetched. */
  private record Source(JwtConfig.Keys keys, Duration refresh) {
    static Source of(JwtConfig config) {
      return new Source(
          config.keys(),
          config.keys() instanceof JwtConfig.Keys.File ? Duration.ZERO : config.refresh());
    }
  }

  private record Users(UserFile file, WatchedFiles watched) {}

  private final int loops;
  private final SecureRandom secrets;
  private final Consumer<Event> events;
  private final LongSupplier epochMillis;
  private final byte[] secret;
  private final CheckDesk passwords = CheckDesk.ofPasswords();
  private final CheckDesk tokens = CheckDesk.ofTokens();
  private Map<Path, Users> users = Map.of();
  private Map<Source, KeySource> keys = Map.of();

  /** Of the sources that are files. */
  private Map<Source, WatchedFiles> watched = Map.of();

  IdentityKeeper(
      int loops, SecureRandom secrets, LongSupplier epochMillis, Consumer<Event> events) {
    this.loops = loops;
    this.secrets = secrets;
    this.events = events;
    this.epochMillis = epochMillis;
    this.secret = new byte[SECRET_BYTES];
    secrets.nextBytes(secret);
  }

  /** How many files are looked at. */
  int files() {
    return users.size() + watched.size();
  }

  /**
   * Reads what that configuration needs and was not read before.
   *
   * @throws IOException naming the key and the file, and what is wrong with it
   */
  void prepare(FairleadConfig config) throws IOException {
    for (ListenerConfig listener : config.listeners().values()) {
      for (int i = 0; i < listener.routes().size(); i++) {
        AuthConfig auth = listener.routes().get(i).auth();
        String place = "listeners." + listener.name() + ".routes[" + i + "].";
        if (auth.basic().isPresent()) {
          prepare(place + "basic-auth.users: ", auth.basic().get().users());
        }
        if (auth.jwt().isPresent()) {
          prepare(place + "jwt.jwks: ", Source.of(auth.jwt().get()));
        }
      }
    }
  }

  private void prepare(String place, Path path) throws IOException {
    if (users.containsKey(path)) {
      return;
    }
    try {
      WatchedFiles looked = new WatchedFiles(List.of(path)); // before it is read
      users = with(users, path, new Users(UserFile.read(path), looked));
    } catch (IOException e) {
      throw new IOException(place + e.getMessage(), e);
    }
  }

  private void prepare(String place, Source source) throws IOException {
    if (keys.containsKey(source)) {
      return;
    }
    try {
      KeySource made =
          switch (source.keys()) {
            case JwtConfig.Keys.File(Path path) -> {
              WatchedFiles looked = new WatchedFiles(List.of(path));
              KeySource read =
                  new KeySource(() -> read(path), told(path.toString()), false, System::nanoTime);
              read.readFirst();
              watched = with(watched, source, looked);
              yield read;
            }
            case JwtConfig.Keys.Url(String url, List<Path> ca) -> {
              ProviderHttp http = new ProviderHttp(OutboundHttp.client(url, ca));
              KeySource fetched =
                  new KeySource(
                      () -> http.get(url, KeySource.MAX_BYTES), told(url), true, System::nanoTime);
              // Whoever issues tokens need not be there before we are.
              fetched.keepFresh(source.refresh());
              yield fetched;
            }
          };
      keys = with(keys, source, made);
    } catch (IOException e) {
      throw new IOException(place + e.getMessage(), e);
    }
  }

  private static <K, V> Map<K, V> with(Map<K, V> map, K key, V value) {
    Map<K, V> more = new HashMap<>(map);
    more.put(key, value);
    return more;
  }

  private KeySource.Listener told(String source) {
    return new KeySource.Listener() {
      @Override
      public void loaded(int count) {
        events.accept(new Event.KeysLoaded(source, count));
      }

      @Override
      public void failed(String why) {
        events.accept(new Event.KeysRefused(source, why));
      }
    };
  }

  private static byte[] read(Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      return in.readNBytes(KeySource.MAX_BYTES + 1);
    } catch (NoSuchFileException e) {
      throw new IOException("there is no such file", e);
    }
  }

  /** That configuration is in force: forgets what it does not need. */
  void keep(FairleadConfig config) {
    Set<Path> files = new HashSet<>();
    Set<Source> sources = new HashSet<>();
    for (ListenerConfig listener : config.listeners().values()) {
      for (RouteConfig route : listener.routes()) {
        route.auth().basic().ifPresent(basic -> files.add(basic.users()));
        route.auth().jwt().ifPresent(jwt -> sources.add(Source.of(jwt)));
      }
    }
    users = only(users, files);
    keys.forEach((source, unneeded) -> {
      if (!sources.contains(source)) {
        unneeded.close();
      }
    });
    keys = only(keys, sources);
    watched = only(watched, sources);
  }

  private static <K, V> Map<K, V> only(Map<K, V> map, Set<K> wanted) {
    Map<K, V> left = new HashMap<>(map);
    left.keySet().retainAll(wanted);
    return left;
  }

  /** The instance stops. */
  void close() {
    keys.values().forEach(KeySource::close);
  }

  /**
   * The guards of a route that look at credentials.
   *
   * @param old with what they have found out; kept if the route asks for the same
   */
  List<Guard> guards(AuthConfig auth, AuthConfig before, List<Guard> old) {
    List<Guard> guards = new ArrayList<>();
    if (auth.asksLike(before)) {
      old.stream().filter(CredentialGuard.class::isInstance).forEach(guards::add);
      return guards;
    }
    auth.basic().ifPresent(basic -> guards.add(guard(basic)));
    auth.jwt().ifPresent(jwt -> guards.add(guard(jwt)));
    return guards;
  }

  private Guard guard(BasicAuthConfig config) {
    Users known = users.get(config.users());
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
            new PasswordCheck(config, known.file()),
            passwords,
            config.userHeader().isEmpty() ? List.of() : List.of(config.userHeader()),
            config.passCredentials(),
            attempts),
        loops,
        secret);
  }

  private Guard guard(JwtConfig config) {
    KeySource known = keys.get(Source.of(config));
    if (known == null) {
      throw new IllegalStateException("not read: " + config.keys());
    }
    return new CredentialGuard(
        new CredentialGuard.Parts(
            "jwt",
            new TokenCheck(config, known, epochMillis),
            tokens,
            List.copyOf(config.forward().keySet()),
            config.passCredentials(),
            null),
        loops,
        secret);
  }

  /** Takes up what has changed in files. */
  void lookAgain() {
    for (Users one : users.values()) {
      if (one.watched().haveChanged()) {
        String file = one.file().path().toString();
        try {
          one.file().readAgain();
          events.accept(new Event.UsersLoaded(file, one.file().count()));
        } catch (IOException e) {
          events.accept(new Event.UsersRefused(file, String.valueOf(e.getMessage())));
        }
      }
    }
    watched.forEach((source, files) -> {
      KeySource changed = keys.get(source);
      if (files.haveChanged() && changed != null) {
        changed.refresh();
      }
    });
  }
}
