package io.fairlead;

import io.fairlead.admin.AdminSignIn;
import io.fairlead.config.AdminOidcConfig;
import io.fairlead.config.FairleadConfig;
import io.fairlead.config.GroupConfig;
import io.fairlead.config.ListenerConfig;
import io.fairlead.config.OidcClientConfig;
import io.fairlead.config.OidcConfig;
import io.fairlead.config.RouteConfig;
import io.fairlead.config.Secret;
import io.fairlead.identity.CheckDesk;
import io.fairlead.identity.KeySource;
import io.fairlead.identity.OidcClient;
import io.fairlead.identity.OidcProvider;
import io.fairlead.identity.OidcSession;
import io.fairlead.identity.SessionSeal;
import io.fairlead.limit.RateLimiter;
import io.fairlead.proxy.http.DoorCookieGuard;
import io.fairlead.proxy.http.ErrorPages;
import io.fairlead.proxy.http.Guard;
import io.fairlead.proxy.http.HttpRoute;
import io.fairlead.proxy.http.OidcCallbackGuard;
import io.fairlead.proxy.http.OidcGuard;
import io.fairlead.proxy.http.OidcSignOutGuard;
import io.fairlead.proxy.http.OwnCookieGuard;
import io.fairlead.proxy.http.RateLimits;
import io.fairlead.proxy.http.SignIn;
import io.fairlead.telemetry.Event;
import io.fairlead.trust.OutboundHttp;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.ToIntFunction;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what people need who sign in at providers of OpenID Connect: what providers say of
 * themselves, and the keys that sessions are sealed with. Used under the lock of {@link Fairlead}
 * for changes. Does nothing, and loads nothing, as long as nobody is to sign in.
 *
 * <p>Instances of a group make the same key of its token, by PBKDF2 (RFC 8018), so that each opens
 * what another one has sealed, also after a restart and without a majority.
 */
final class OidcKeeper {
  static final String FILE = "oidc.key";

  /** About 50 ms, once. */
  private static final int ITERATIONS = 100_000;

  private static final int KEY_BITS = 256;

  /** Codes that are changed into tokens at once, and those that wait for it. */
  private static final int CODES_AT_ONCE = 64;

  private static final int CODES_WAITING = 256;

  /** By which one client address may have them changed: on average, and at once. */
  private static final long ATTEMPT_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private static final int ATTEMPTS_AT_ONCE = 50;
  private static final int CLIENTS = 8192;

  /** What routes with the same sign-in ask for, together. */
  private record Asked(OidcConfig signIn, Set<String> said, Set<OidcClient.Wanted> wanted) {}

  private record Known(Asked asked, SignIn signIn) {}

  private final int loops;
  private final SecureRandom secrets;
  private final LongSupplier epochMillis;
  private final Consumer<Event> events;
  private final KeptKey kept;
  private Map<OidcClientConfig, OidcProvider> providers = Map.of();
  private Map<OidcConfig, Known> signIns = Map.of();
  private @Nullable OidcClientConfig ofDoor;
  private @Nullable Guard doorCookies;
  private @Nullable GroupConfig keyOf;
  private byte @Nullable [] groupKey;

  OidcKeeper(int loops, SecureRandom secrets, LongSupplier epochMillis, Consumer<Event> events) {
    this.loops = loops;
    this.secrets = secrets;
    this.epochMillis = epochMillis;
    this.events = events;
    kept = new KeptKey(FILE, "oidc without a key", "oidc.key", secrets);
  }

  /**
   * Gets ready what that configuration needs and was not there before.
   *
   * @throws IOException naming the key of the configuration and what is wrong
   */
  void prepare(FairleadConfig config) throws IOException {
    Map<OidcConfig, Known> next = new HashMap<>();
    for (Asked asked : asked(config)) {
      Known known = signIns.get(asked.signIn());
      next.put(
          asked.signIn(),
          known != null && known.asked().equals(asked) ? known : make(asked, config));
    }
    signIns = next;
    AdminOidcConfig door = config.admin().oidc().orElse(null);
    doorCookies = door == null ? null : new DoorCookieGuard(door.host(), AdminOidcConfig.CALLBACK);
  }

  private static List<Asked> asked(FairleadConfig config) {
    Map<OidcConfig, Asked> all = new LinkedHashMap<>();
    for (ListenerConfig listener : config.listeners().values()) {
      for (RouteConfig route : listener.routes()) {
        OidcConfig oidc = route.auth().oidc().orElse(null);
        if (oidc != null) {
          Asked asked =
              all.computeIfAbsent(
                  oidc.signIn(),
                  signIn -> new Asked(signIn, new LinkedHashSet<>(), new LinkedHashSet<>()));
          asked.said().addAll(oidc.forward().values());
          oidc.require()
              .forEach((claim, value) -> asked.wanted().add(new OidcClient.Wanted(claim, value)));
        }
      }
    }
    return List.copyOf(all.values());
  }

  private Known make(Asked asked, FairleadConfig config) throws IOException {
    OidcConfig signIn = asked.signIn();
    OidcClientConfig client = signIn.client();
    List<byte[]> keys = keys(client, config);
    String bound = client.issuer() + "\n" + client.clientId() + "\n" + signIn.callback();
    SignIn.Parts parts =
        new SignIn.Parts(
            client(client, asked.said(), asked.wanted()),
            Long.toHexString(OidcSession.key(bound)),
            signIn.callback(),
            signIn.afterSignOut(),
            new CheckDesk(CODES_AT_ONCE, CODES_WAITING),
            new RateLimiter(ATTEMPT_NANOS, ATTEMPTS_AT_ONCE, CLIENTS, secrets.nextLong()),
            () -> seal(keys, bound));
    return new Known(asked, new SignIn(parts, loops));
  }

  /**
   * What people need who sign in for the operator's door, as it is to be opened now; null: nobody
   * does.
   *
   * @throws IOException naming the key of the configuration and what is wrong
   */
  @Nullable AdminSignIn door(FairleadConfig config) throws IOException {
    AdminOidcConfig wanted = config.admin().oidc().orElse(null);
    ofDoor = wanted == null ? null : wanted.client();
    if (wanted == null) {
      return null;
    }
    OidcClientConfig client = wanted.client();
    List<byte[]> keys = keys(client, config);
    // As no callback of a route is called.
    String bound = client.issuer() + "\n" + client.clientId() + "\nadmin " + wanted.url();
    Set<OidcClient.Wanted> claims = new LinkedHashSet<>();
    wanted
        .roles()
        .forEach(rule ->
            rule.wanted()
                .forEach((claim, value) -> claims.add(new OidcClient.Wanted(claim, value))));
    return new AdminSignIn(
        new AdminSignIn.Parts(
            wanted,
            client(client, Set.of(wanted.nameClaim()), claims),
            Long.toHexString(OidcSession.key(bound)),
            () -> seal(keys, bound),
            new RateLimiter(ATTEMPT_NANOS, ATTEMPTS_AT_ONCE, CLIENTS, secrets.nextLong()),
            epochMillis));
  }

  private SessionSeal seal(List<byte[]> keys, String bound) {
    byte[] seed = new byte[SessionSeal.SEED];
    secrets.nextBytes(seed);
    return new SessionSeal(keys, bound, seed);
  }

  private OidcClient client(
      OidcClientConfig config, Set<String> said, Set<OidcClient.Wanted> wanted) throws IOException {
    String issuer = config.issuer();
    return new OidcClient(
        config,
        provider(config),
        said,
        wanted,
        epochMillis,
        new OidcClient.Listener() {
          @Override
          public void failed(String why) {
            events.accept(new Event.SignInFailing(issuer, why));
          }

          @Override
          public void works() {
            events.accept(new Event.SignInWorks(issuer));
          }
        });
  }

  private OidcProvider provider(OidcClientConfig config) throws IOException {
    OidcProvider known = providers.get(config);
    if (known != null) {
      return known;
    }
    String issuer = config.issuer();
    KeySource.Listener told =
        new KeySource.Listener() {
          @Override
          public void loaded(int count) {
            events.accept(new Event.KeysLoaded(issuer, count));
          }

          @Override
          public void failed(String why) {
            events.accept(new Event.KeysRefused(issuer, why));
          }
        };
    OidcProvider made =
        new OidcProvider(
            config,
            new ProviderHttp(OutboundHttp.client(issuer, config.ca())),
            told,
            System::nanoTime);
    made.keepFresh();
    Map<OidcClientConfig, OidcProvider> more = new HashMap<>(providers);
    more.put(config, made);
    providers = more;
    return made;
  }

  /** The first seals, all open. */
  private List<byte[]> keys(OidcClientConfig client, FairleadConfig config) throws IOException {
    if (!client.key().isEmpty()) {
      return client.key().stream()
          .map(Secret::value)
          .map(value -> value.getBytes(StandardCharsets.UTF_8))
          .toList();
    }
    Optional<GroupConfig> group = config.group();
    if (group.isPresent() && group.get().token().isPresent()) {
      return List.of(groupKey(group.get(), group.get().token().get()));
    }
    return List.of(kept.readOrMake(config.data()));
  }

  private byte[] groupKey(GroupConfig group, Secret token) {
    byte[] made = groupKey;
    if (made != null
        && keyOf != null
        && keyOf.name().equals(group.name())
        && keyOf.token().equals(group.token())) {
      return made;
    }
    byte[] salt = ("fairlead oidc " + group.name()).getBytes(StandardCharsets.UTF_8);
    try {
      made =
          SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
              .generateSecret(
                  new PBEKeySpec(token.value().toCharArray(), salt, ITERATIONS, KEY_BITS))
              .getEncoded();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has PBKDF2", e);
    }
    keyOf = group;
    groupKey = made;
    return made;
  }

  /** The guards of a route that have to do with people who sign in: before all others. */
  List<Guard> guards(RouteConfig route) {
    List<Guard> guards = new ArrayList<>();
    if (doorCookies != null) {
      guards.add(doorCookies);
    }
    if (!signIns.isEmpty()) {
      guards.add(guard(route));
    }
    return guards;
  }

  private Guard guard(RouteConfig route) {
    OidcConfig oidc = route.auth().oidc().orElse(null);
    return oidc == null
        ? new OwnCookieGuard()
        : new OidcGuard(signIn(oidc.signIn()), oidc.require(), oidc.forward());
  }

  private SignIn signIn(OidcConfig config) {
    Known known = signIns.get(config);
    if (known == null) {
      throw new IllegalStateException("not prepared: " + config.client().issuer());
    }
    return known.signIn();
  }

  /**
   * Where browsers come back to a listener, and where people sign out: before all routes of it.
   * What is counted there is counted for the first route that has people sign in like that.
   *
   * @param routes those of the listener
   * @param number of the name of a route, in records
   */
  List<HttpRoute> doors(List<HttpRoute> routes, ErrorPages pages, ToIntFunction<String> number) {
    List<HttpRoute> doors = new ArrayList<>();
    Set<OidcConfig> seen = new HashSet<>();
    for (HttpRoute route : routes) {
      OidcConfig config = route.config().auth().oidc().map(OidcConfig::signIn).orElse(null);
      if (config != null && seen.add(config)) {
        SignIn signIn = signIn(config);
        doors.add(
            door(
                RouteConfig.own("oidc-callback", config.callback()),
                new OidcCallbackGuard(signIn),
                route,
                pages,
                number));
        doors.add(
            door(
                RouteConfig.own("oidc-sign-out", config.signOut()),
                new OidcSignOutGuard(signIn),
                route,
                pages,
                number));
      }
    }
    return doors;
  }

  private static HttpRoute door(
      RouteConfig config,
      Guard guard,
      HttpRoute of,
      ErrorPages pages,
      ToIntFunction<String> number) {
    HttpRoute made =
        new HttpRoute(config, List.of(), of.counters(), RateLimits.NONE, List.of(guard), pages);
    made.setRecordName(number.applyAsInt(config.name()));
    return made;
  }

  /** What was prepared last is in force: forgets what it does not need. */
  void keep() {
    if (providers.isEmpty()) {
      return; // and loads nothing for it
    }
    Set<OidcClientConfig> needed = new HashSet<>();
    signIns.keySet().forEach(one -> needed.add(one.client()));
    if (ofDoor != null) {
      needed.add(ofDoor);
    }
    providers.forEach((config, provider) -> {
      if (!needed.contains(config)) {
        provider.close();
      }
    });
    Map<OidcClientConfig, OidcProvider> left = new HashMap<>(providers);
    left.keySet().retainAll(needed);
    providers = left;
  }

  /** The instance stops. */
  void close() {
    if (!providers.isEmpty()) {
      providers.values().forEach(OidcProvider::close);
    }
  }
}
