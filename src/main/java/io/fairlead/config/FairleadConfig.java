package io.fairlead.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Everything one instance is told.
 *
 * @param admin where dashboard, API and metrics are served
 * @param data folder for state; relative to the configuration file
 * @param runtime event loops and transport; changes need a restart
 * @param logs what is recorded of requests and sessions
 * @param alerts who is told of what
 * @param telemetry who else gets traces, metrics and logs
 * @param listeners by name, in file order
 * @param services by name, in file order; those that databases are follow
 * @param group several instances as one; empty: this one is alone
 * @param vips virtual IPs by name, in file order
 * @param bgp routers that are told of virtual IPs; empty: none
 * @param databases by name, in file order
 * @param dns names that are answered for
 * @param filters classes of others that look at requests, by name, in file order
 */
public record FairleadConfig(
    AdminConfig admin,
    Path data,
    RuntimeConfig runtime,
    LogsConfig logs,
    AlertsConfig alerts,
    TelemetryConfig telemetry,
    Map<String, ListenerConfig> listeners,
    Map<String, ServiceConfig> services,
    Optional<GroupConfig> group,
    Map<String, VipConfig> vips,
    Optional<BgpConfig> bgp,
    Map<String, DatabaseConfig> databases,
    DnsConfig dns,
    Map<String, FilterConfig> filters) {
  // Each costs a look at every service name; nobody reads a hundred suggestions.
  static final int MAX_SUGGESTIONS = 20;

  static final String NO_SERVICE_BUT_A_DATABASE =
      "must be the name of a service; a database is named by the key database";

  public FairleadConfig {
    listeners = Collections.unmodifiableMap(new LinkedHashMap<>(listeners));
    vips = Collections.unmodifiableMap(new LinkedHashMap<>(vips));
    databases = Collections.unmodifiableMap(new LinkedHashMap<>(databases));
    filters = Collections.unmodifiableMap(new LinkedHashMap<>(filters));
    Require require = new Require();
    Map<String, ServiceConfig> all = new LinkedHashMap<>(services);
    databases.forEach((name, database) -> {
      if (all.putIfAbsent(name, database.service()) != null) {
        require.key(
            false,
            List.of("databases", name),
            "must not have the name of a service: it is one itself",
            List.of(List.of("services", name)));
      }
    });
    services = Collections.unmodifiableMap(balanced(all, listeners, runtime.zone()));
    checkServices(require, listeners, services);
    checkAcme(require, listeners, group.orElse(null), dns);
    checkSignIn(require, admin, listeners, group.orElse(null));
    checkDatabases(require, listeners, databases);
    checkInstances(require, group.orElse(null), databases);
    checkCommands(require, admin, services);
    checkBinds(require, admin, listeners, group, dns);
    checkDns(require, dns, group.isPresent(), listeners, services);
    checkRateLimits(require, listeners);
    checkFilters(require, filters, listeners, services, databases);
    checkAlerts(require, alerts, listeners, services);
    checkVips(require, vips, bgp.isPresent());
    checkSecondChances(require, vips, listeners, group.orElse(null));
    checkWriters(require, vips, listeners);
    require.that(
        logs.enabled() || telemetry.traces().isEmpty(),
        List.of("telemetry", "otlp", "traces"),
        null,
        "must not be given unless logs.enabled is true: spans are made from records",
        List.of(List.of("logs", "enabled")));
    require.orRefuse();
  }

  /**
   * Where nobody chose how to balance, what comes decides: requests or connections. Nodes near by
   * come first.
   */
  private static Map<String, ServiceConfig> balanced(
      Map<String, ServiceConfig> services, Map<String, ListenerConfig> listeners, String zone) {
    Map<String, ServiceConfig> byUse = new LinkedHashMap<>(services);
    for (boolean http : new boolean[] {false, true}) { // requests have the last word
      for (ListenerConfig listener : listeners.values()) {
        if (listener.protocol().isHttp() == http) {
          for (RouteConfig route : listener.routes()) {
            for (String name : route.services()) {
              ServiceConfig service = services.get(name);
              if (service != null) {
                byUse.put(
                    name, http ? service : service.withBalance(service.balance().ofConnections()));
              }
            }
          }
        }
      }
    }
    byUse.replaceAll((_, service) -> service.withBalance(service.balance().withZone(zone)));
    return byUse;
  }

  /** Each member of a managed database has one instance that runs it, and no two run the same. */
  private static void checkInstances(
      Require require, @Nullable GroupConfig group, Map<String, DatabaseConfig> databases) {
    for (DatabaseConfig database : databases.values()) {
      if (database.manage().isEmpty()) {
        continue;
      }
      Map<List<String>, @Nullable String> places = new LinkedHashMap<>();
      for (String member : database.members().keySet()) {
        places.put(
            List.of("databases", database.name(), "members", member),
            database.instances().get(member));
      }
      database
          .manage()
          .flatMap(ManageConfig::witness)
          .ifPresent(its ->
              places.put(
                  List.of("databases", database.name(), "manage", "witness"),
                  its.instance().isEmpty() ? null : its.instance()));
      for (Map.Entry<List<String>, @Nullable String> one : places.entrySet()) {
        List<String> place = one.getKey();
        String instance = one.getValue();
        boolean member = place.get(2).equals("members");
        if (instance == null) {
          require.that(
              group == null || (group.ensemble().isEmpty() && group.peers().size() == 1),
              place,
              null,
              "must say which instance runs it, as { "
                  + (member ? "address" : "name")
                  + ": ..., instance: ... }: this one is one of a group",
              List.of(List.of("group")));
        } else {
          require.that(
              group != null
                  && (group.ensemble().isPresent() || group.peers().containsKey(instance)),
              join(place, "instance"),
              instance,
              group == null
                  ? "must not be given to an instance that is in no group"
                  : "must be an instance in group.peers"
                      + Suggest.among(instance, group.peers().keySet()),
              group == null ? List.of() : List.of(List.of("group")));
        }
      }
    }
  }

  private static void checkServices(
      Require require, Map<String, ListenerConfig> listeners, Map<String, ServiceConfig> services) {
    for (ListenerConfig listener : listeners.values()) {
      for (int i = 0; i < listener.routes().size(); i++) {
        RouteConfig route = listener.routes().get(i);
        if (route.action() instanceof RouteAction.Database) {
          continue; // has rules of its own
        }
        List<String> place = List.of("listeners", listener.name(), "routes", "[" + i + "]");
        boolean udp = listener.protocol() == ListenerProtocol.UDP;
        for (String service : route.services()) {
          List<String> named =
              route.services().size() == 1 ? join(place, "service") : join(place, "split", service);
          ServiceConfig known = services.get(service);
          require
              .that(
                  known == null || !udp || known.proxyProtocol() == ProxyVersion.NONE,
                  named,
                  service,
                  "must not have proxy-protocol where protocol is udp",
                  List.of())
              .that(
                  known == null
                      || !udp
                      || known.health().port() > 0
                      || known.health().probe() instanceof Probe.None,
                  named,
                  service,
                  "must have health.port, or health: none, where protocol is udp: nodes are asked"
                      + " over TCP",
                  List.of());
          require.that(
              known == null
                  || listener.protocol().isHttp()
                  || known.scale().map(scale -> scale.min() > 0).orElse(true),
              named,
              service,
              "must not have scale.min 0 where protocol is "
                  + listener.protocol().word()
                  + ": only requests of HTTP wait for the first node",
              List.of());
          require.that(
              known == null || !known.tls().enabled() || listener.protocol().isHttp(),
              named,
              service,
              "must not have tls where protocol is "
                  + listener.protocol().word()
                  + ": what clients send is passed on as it is",
              List.of());
          require.that(
              known == null
                  || known.proxyProtocol() == ProxyVersion.NONE
                  || !listener.protocol().isHttp(),
              named,
              service,
              "must not have proxy-protocol where protocol is http: clients share its connections",
              List.of());
          if (!services.containsKey(service)) {
            String hint =
                require.count() < MAX_SUGGESTIONS ? Suggest.among(service, services.keySet()) : "";
            String rule = "must be the name of a service" + hint;
            List<List<String>> others = List.of(List.of("services", service));
            if (route.services().size() == 1) {
              require.that(false, named, service, rule, others);
            } else {
              require.key(false, named, rule, others);
            }
          }
        }
      }
    }
  }

  /** Whoever is to answer on port 80 has to speak HTTP in the clear. */
  private static void checkAcme(
      Require require,
      Map<String, ListenerConfig> listeners,
      @Nullable GroupConfig group,
      DnsConfig dns) {
    boolean answers =
        listeners.values().stream().anyMatch(one -> one.protocol().isHttp() && !one.tls().isOn());
    for (ListenerConfig listener : listeners.values()) {
      AcmeConfig acme = listener.tls().acme().orElse(null);
      require.that(
          acme == null || answers || acme.challenge() != AcmeConfig.Challenge.HTTP_01,
          List.of("listeners", listener.name(), "tls", "acme", "challenge"),
          "http-01",
          "needs a listener of http without tls: the authority asks it on port 80;"
              + " tls-alpn-01 needs none",
          List.of());
      if (acme != null && acme.challenge() == AcmeConfig.Challenge.DNS_01) {
        for (String domain : acme.domains()) {
          String name = "_acme-challenge." + AcmeConfig.base(domain);
          require.that(
              dns.enabled()
                  && dns.zones().keySet().stream().anyMatch(zone -> DnsName.isBelow(name, zone)),
              List.of("listeners", listener.name(), "tls", "acme", "challenge"),
              "dns-01",
              "needs a zone of dns that has " + name + ": the authority asks there",
              List.of(List.of("dns")));
        }
      }
      require.that(
          acme == null || group == null || group.token().isPresent(),
          List.of("listeners", listener.name(), "tls", "acme"),
          null,
          "needs group.token: instances of a group share keys, sealed by it",
          List.of(List.of("group")));
    }
  }

  private static final String KEYS_OF_GROUP =
      "needs key, or group.token: instances of a group open each other's sessions";

  /** Whoever comes back from a provider has to be known for who was sent there. */
  private static void checkSignIn(
      Require require,
      AdminConfig admin,
      Map<String, ListenerConfig> listeners,
      @Nullable GroupConfig group) {
    boolean sealed = group == null || group.token().isPresent();
    require.that(
        sealed || admin.oidc().isEmpty() || !admin.oidc().get().client().key().isEmpty(),
        List.of("admin", "oidc"),
        null,
        KEYS_OF_GROUP,
        List.of(List.of("group")));
    Map<OidcConfig, Set<List<String>>> claims = new HashMap<>();
    for (ListenerConfig listener : listeners.values()) {
      Map<OidcConfig, List<String>> places = new LinkedHashMap<>();
      for (int i = 0; i < listener.routes().size(); i++) {
        OidcConfig oidc = listener.routes().get(i).auth().oidc().orElse(null);
        if (oidc == null) {
          continue;
        }
        List<String> place = List.of("listeners", listener.name(), "routes", "[" + i + "]", "oidc");
        require.that(
            !oidc.client().key().isEmpty() || sealed,
            place,
            null,
            KEYS_OF_GROUP,
            List.of(List.of("group")));
        OidcConfig signIn = oidc.signIn();
        Set<List<String>> known = claims.computeIfAbsent(signIn, _ -> new HashSet<>());
        oidc.require().forEach((claim, value) -> known.add(List.of(claim, value)));
        oidc.forward().values().forEach(claim -> known.add(List.of(claim)));
        require.that(
            known.size() <= OidcConfig.MOST_CLAIMS,
            place,
            null,
            "must be at most "
                + OidcConfig.MOST_CLAIMS
                + " different claims of all routes that share a session: a browser keeps what they"
                + " ask for",
            List.of());
        if (places.containsKey(signIn)) {
          continue;
        }
        places.forEach((other, where) -> {
          checkPath(require, "callback", signIn.callback(), place, other, where);
          checkPath(require, "sign-out", signIn.signOut(), place, other, where);
        });
        places.put(signIn, place);
      }
    }
  }

  private static void checkPath(
      Require require,
      String key,
      String path,
      List<String> place,
      OidcConfig other,
      List<String> otherPlace) {
    require.that(
        !path.equals(other.callback()) && !path.equals(other.signOut()),
        join(place, key),
        path,
        "must be another path than those of {}, which signs in differently",
        List.of(otherPlace));
  }

  /** The keys by which routes divide what writes to that database between its members. */
  public Set<String> keysOf(String database) {
    Set<String> keys = new TreeSet<>();
    for (ListenerConfig listener : listeners.values()) {
      for (RouteConfig route : listener.routes()) {
        if (route.action() instanceof RouteAction.Database(String name, _, Optional<String> key)
            && name.equals(database)) {
          key.ifPresent(keys::add);
        }
      }
    }
    return keys;
  }

  private static void checkDatabases(
      Require require,
      Map<String, ListenerConfig> listeners,
      Map<String, DatabaseConfig> databases) {
    for (ListenerConfig listener : listeners.values()) {
      for (int i = 0; i < listener.routes().size(); i++) {
        List<String> place = List.of("listeners", listener.name(), "routes", "[" + i + "]");
        switch (listener.routes().get(i).action()) {
          case RouteAction.Database(String name, DatabaseUse use, Optional<String> key) -> {
            require.that(
                databases.containsKey(name),
                join(place, "database"),
                name,
                "must be the name of a database" + Suggest.among(name, databases.keySet()),
                List.of(List.of("databases", name)));
            require.that(
                listener.protocol() == ListenerProtocol.TCP,
                join(place, "database"),
                name,
                "must not be given unless protocol is tcp",
                List.of());
            DatabaseConfig database = databases.get(name);
            if (key.isPresent() && use != DatabaseUse.READ_WRITE) {
              require.that(
                  false,
                  join(place, "key"),
                  key.get(),
                  "must not be given where for is read-only: keys say who takes writes",
                  List.of());
            } else if (key.isPresent() && database != null) {
              require.that(
                  database.writers() == DatabaseConfig.Writers.AFFINITY,
                  join(place, "key"),
                  key.get(),
                  "must not be given unless {} is affinity",
                  List.of(List.of("databases", name, "writers")));
            }
          }
          case RouteAction.Send(Map<String, Integer> shares, _) ->
              shares
                  .keySet()
                  .forEach(name ->
                      require.that(
                          !databases.containsKey(name),
                          join(place, "service"),
                          name,
                          NO_SERVICE_BUT_A_DATABASE,
                          List.of()));
          case RouteAction.Redirect _, RouteAction.Respond _ -> {}
        }
      }
    }
  }

  /** A rule about what there is not would never say anything. */
  private static void checkAlerts(
      Require require,
      AlertsConfig alerts,
      Map<String, ListenerConfig> listeners,
      Map<String, ServiceConfig> services) {
    Set<String> routes = new LinkedHashSet<>();
    for (ListenerConfig listener : listeners.values()) {
      listener.routes().forEach(route -> routes.add(route.name()));
    }
    for (int i = 0; i < alerts.rules().size(); i++) {
      AlertScope scope = alerts.rules().get(i).scope();
      List<String> place = List.of("alerts", "rules", "[" + i + "]");
      known(require, join(place, "listener"), "listener", scope.listener(), listeners.keySet());
      known(require, join(place, "route"), "route", scope.route(), routes);
      known(require, join(place, "service"), "service", scope.service(), services.keySet());
    }
  }

  /** Two with one address, or one number on a link, would take it from each other. */
  private static void checkVips(Require require, Map<String, VipConfig> vips, boolean bgp) {
    require.that(
        vips.size() <= VipConfig.MAX_VIPS,
        List.of("vips"),
        null,
        "must not be more than " + VipConfig.MAX_VIPS,
        List.of());
    Map<Object, List<String>> addresses = new HashMap<>();
    Map<Object, List<String>> numbers = new HashMap<>();
    for (VipConfig vip : vips.values()) {
      for (int i = 0; i < vip.address().size(); i++) {
        VipAddress address = vip.address().get(i);
        List<String> place = List.of("vips", vip.name(), "address", "[" + i + "]");
        List<String> other = addresses.putIfAbsent(address.ip(), place);
        if (other != null) {
          require.that(false, place, address, "must be free, but {} takes it", List.of(other));
        }
      }
      require.that(
          bgp || !(vip.elect() instanceof VipElection.Bgp),
          List.of("vips", vip.name(), "elect"),
          "bgp",
          "must not be bgp unless the key bgp says which routers are told",
          List.of());
      if (vip.elect() instanceof VipElection.Vrrp vrrp) {
        List<String> place = List.of("vips", vip.name(), "vrid");
        List<Object> link =
            List.of(vip.networkInterface(), vip.address().getFirst().isIpv4(), vrrp.vrid());
        List<String> other = numbers.putIfAbsent(link, place);
        if (other != null) {
          require.that(
              false,
              place,
              vrrp.vrid(),
              "must be free on its link, but {} is the same",
              List.of(other));
        }
      }
    }
  }

  /** A socket bound to the address takes what belongs to another machine's connections. */
  private static void checkSecondChances(
      Require require,
      Map<String, VipConfig> vips,
      Map<String, ListenerConfig> listeners,
      @Nullable GroupConfig group) {
    Map<String, String> addresses = new HashMap<>();
    for (VipConfig vip : vips.values()) {
      if (vip.secondChance()) {
        require.that(
            !(vip.elect() instanceof VipElection.Bgp)
                || (group != null && !group.addresses().isEmpty()),
            List.of("vips", vip.name(), "second-chance"),
            true,
            "must not be true where elect is bgp unless {} is given: there the others pass on what"
                + " they do not know",
            List.of(List.of("group", "addresses")));
        vip.address().stream()
            .filter(VipAddress::isIpv4)
            .forEach(one -> addresses.put(one.ip().getHostAddress(), vip.name()));
      }
    }
    for (ListenerConfig listener : listeners.values()) {
      for (int i = 0; i < listener.bind().size(); i++) {
        HostPort address = listener.bind().get(i);
        String vip = addresses.get(address.host());
        if (vip != null && listener.protocol() != ListenerProtocol.UDP) {
          require.that(
              false,
              List.of("listeners", listener.name(), "bind", "[" + i + "]"),
              address,
              "must be 0.0.0.0:" + address.port() + ", because {} is true",
              List.of(List.of("vips", vip, "second-chance")));
        }
      }
    }
  }

  /**
   * Where VRRP elects, each of two parts of the network has an owner, and by BGP all are one: two
   * doors to one primary.
   */
  private static void checkWriters(
      Require require, Map<String, VipConfig> vips, Map<String, ListenerConfig> listeners) {
    Map<String, VipConfig> elected = new HashMap<>();
    for (VipConfig vip : vips.values()) {
      if (!(vip.elect() instanceof VipElection.Lease)) {
        vip.address().forEach(one -> elected.put(one.ip().getHostAddress(), vip));
      }
    }
    for (ListenerConfig listener : listeners.values()) {
      boolean writes =
          listener.routes().stream()
              .anyMatch(route ->
                  route.action() instanceof RouteAction.Database(String _, DatabaseUse use, _)
                      && use == DatabaseUse.READ_WRITE);
      for (int i = 0; writes && i < listener.bind().size(); i++) {
        HostPort address = listener.bind().get(i);
        VipConfig vip = elected.get(address.host());
        if (vip != null) {
          require.that(
              false,
              List.of("listeners", listener.name(), "bind", "[" + i + "]"),
              address,
              "must be an address that a lease elects an owner of, because writes go to a database:"
                  + " {} is "
                  + (vip.elect() instanceof VipElection.Bgp ? "bgp" : "vrrp"),
              List.of(List.of("vips", vip.name(), "elect")));
        }
      }
    }
  }

  private static void known(
      Require require, List<String> place, String kind, String name, Set<String> names) {
    if (!name.isEmpty() && !names.contains(name)) {
      require.that(
          false,
          place,
          name,
          "must be the name of a " + kind + Suggest.among(name, names),
          List.of());
    }
  }

  private static void checkCommands(
      Require require, AdminConfig admin, Map<String, ServiceConfig> services) {
    for (ServiceConfig service : services.values()) {
      require.that(
          admin.allowCommands() || !(service.health().probe() instanceof CommandProbe),
          List.of("services", service.name(), "health", "command"),
          null,
          "must not be given unless admin.allow-commands is true: it runs programs of this machine",
          List.of());
    }
  }

  private static List<String> join(List<String> path, String... more) {
    List<String> all = new ArrayList<>(path);
    all.addAll(List.of(more));
    return all;
  }

  /** Whoever is named is there. */
  private static void checkFilters(
      Require require,
      Map<String, FilterConfig> filters,
      Map<String, ListenerConfig> listeners,
      Map<String, ServiceConfig> services,
      Map<String, DatabaseConfig> databases) {
    require.that(
        filters.size() <= FilterConfig.MOST,
        List.of("filters"),
        null,
        "must not be more than " + FilterConfig.MOST,
        List.of());
    for (FilterConfig filter : filters.values()) {
      for (int i = 0; i < filter.services().size(); i++) {
        String service = filter.services().get(i);
        require.that(
            services.containsKey(service) && !databases.containsKey(service),
            List.of("filters", filter.name(), "services", "[" + i + "]"),
            service,
            databases.containsKey(service)
                ? NO_SERVICE_BUT_A_DATABASE
                : "must be the name of a service" + Suggest.among(service, services.keySet()),
            List.of(List.of("services", service)));
      }
    }
    for (ListenerConfig listener : listeners.values()) {
      for (int i = 0; i < listener.routes().size(); i++) {
        List<String> named = listener.routes().get(i).filters();
        for (int k = 0; k < named.size(); k++) {
          String filter = named.get(k);
          require.that(
              filters.containsKey(filter),
              List.of(
                  "listeners", listener.name(), "routes", "[" + i + "]", "filters", "[" + k + "]"),
              filter,
              "must be the name of a filter" + Suggest.among(filter, filters.keySet()),
              List.of(List.of("filters")));
        }
      }
    }
  }

  private static void checkRateLimits(Require require, Map<String, ListenerConfig> listeners) {
    long sum = 0;
    for (ListenerConfig listener : listeners.values()) {
      for (int i = 0; i < listener.routes().size(); i++) {
        for (RateLimitConfig limit : listener.routes().get(i).rateLimits()) {
          long before = sum;
          sum += limit.places();
          if (before <= RateLimitConfig.MAX_KEYS_OF_FILE
              && sum > RateLimitConfig.MAX_KEYS_OF_FILE) {
            require.that(
                false,
                List.of("listeners", listener.name(), "routes", "[" + i + "]", "rate-limit"),
                null,
                "must not have more than "
                    + RateLimitConfig.MAX_KEYS_OF_FILE
                    + " keys together with all limits before it",
                List.of());
          }
        }
      }
    }
  }

  /** What answers are to be about must be there. */
  private static void checkDns(
      Require require,
      DnsConfig dns,
      boolean grouped,
      Map<String, ListenerConfig> listeners,
      Map<String, ServiceConfig> services) {
    for (DnsZoneConfig zone : dns.zones().values()) {
      zone.balanced()
          .forEach((name, balanced) -> {
            List<String> place =
                List.of("dns", "zones", zone.name(), "balanced", below(name, zone));
            for (int i = 0; i < balanced.pools().size(); i++) {
              DnsZoneConfig.Pool pool = balanced.pools().get(i);
              List<String> at = join(place, "pools", "[" + i + "]");
              known(require, join(at, "service"), "service", pool.service(), services.keySet());
              known(require, join(at, "listener"), "listener", pool.listener(), listeners.keySet());
              require.that(
                  grouped || !pool.frontEnds(),
                  join(at, "front-ends"),
                  pool.frontEnds(),
                  "must not be true without group, whose instances they are",
                  List.of());
              ListenerConfig listener = listeners.get(pool.listener());
              if (listener != null) {
                require.that(
                    listener.bind().stream().allMatch(FairleadConfig::isOneAddress),
                    join(at, "listener"),
                    pool.listener(),
                    "must be bound to addresses, and not to every address of the machine",
                    List.of());
              }
            }
          });
    }
  }

  private static boolean isOneAddress(HostPort bind) {
    return (Syntax.isIpv4(bind.host()) || Syntax.isIpv6(bind.host()))
        && !Syntax.isWildcard(bind.host());
  }

  /** As it is written in the file. */
  private static String below(String name, DnsZoneConfig zone) {
    return name.equals(zone.name())
        ? DnsName.APEX
        : name.substring(0, name.length() - zone.name().length() - 1);
  }

  private static void checkBinds(
      Require require,
      AdminConfig admin,
      Map<String, ListenerConfig> listeners,
      Optional<GroupConfig> group,
      DnsConfig dns) {
    Binds<List<String>> binds = new Binds<>();
    binds.add(admin.bind(), List.of("admin", "bind"));
    group.ifPresent(own -> checkPorts(require, own.bind(), own.ports(), binds));
    Binds<List<String>> datagrams = new Binds<>();
    for (ListenerConfig listener : listeners.values()) {
      for (int i = 0; i < listener.bind().size(); i++) {
        HostPort address = listener.bind().get(i);
        List<String> path = List.of("listeners", listener.name(), "bind", "[" + i + "]");
        List<String> other =
            (listener.protocol() == ListenerProtocol.UDP ? datagrams : binds).add(address, path);
        if (other != null) {
          require.that(false, path, address, "must be free, but {} takes it", List.of(other));
        }
        List<String> byUdp = listener.http3().isPresent() ? datagrams.add(address, path) : null;
        if (byUdp != null) {
          require.that(
              false,
              List.of("listeners", listener.name(), "http3"),
              null,
              "needs UDP at " + address + ", but {} takes it",
              List.of(byUdp));
        }
      }
    }
    for (int i = 0; i < dns.bind().size(); i++) {
      HostPort address = dns.bind().get(i);
      List<String> path = List.of("dns", "bind", "[" + i + "]");
      List<String> connections = binds.add(address, path);
      List<String> other = connections == null ? datagrams.add(address, path) : connections;
      if (other != null) {
        require.that(false, path, address, "must be free, but {} takes it", List.of(other));
      }
    }
  }

  /** An instance of a group takes some ports in a row. */
  private static void checkPorts(
      Require require, HostPort bind, int ports, Binds<List<String>> binds) {
    List<String> place = List.of("group", "bind");
    for (int i = 0; i < ports; i++) {
      List<String> other = binds.add(new HostPort(bind.host(), bind.port() + i), place);
      require.that(
          other == null,
          place,
          bind,
          ports == 1
              ? "must be free, but {} takes it"
              : "must have " + ports + " free ports in a row, but {} takes one",
          other == null ? List.of() : List.of(other));
    }
  }

  /** Without those that databases are. */
  private Map<String, ServiceConfig> servicesAsGiven() {
    Map<String, ServiceConfig> given = new LinkedHashMap<>(services);
    given.keySet().removeAll(databases.keySet());
    return given;
  }

  /**
   * What is one instance's own stays, and everything else comes from what the group agreed on.
   *
   * @param agreed what all instances have
   */
  public FairleadConfig with(FairleadConfig agreed) {
    return new FairleadConfig(
        admin,
        data,
        runtime,
        agreed.logs(),
        agreed.alerts(),
        agreed.telemetry(),
        agreed.listeners(),
        agreed.servicesAsGiven(),
        group,
        agreed.vips(),
        agreed.bgp(),
        agreed.databases(),
        agreed.dns(),
        agreed.filters());
  }
}
