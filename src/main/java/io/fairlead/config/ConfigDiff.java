package io.fairlead.config;

import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/** What changes from one configuration to the next, in short sentences for people. */
public final class ConfigDiff {
  /** Sentences at most; how many more there are is said in one further. */
  public static final int MAX_LINES = 50;

  private static final Pattern CAPITAL = Pattern.compile("([A-Z])");

  private final List<String> lines = new ArrayList<>();
  private int more;

  /** What is said of them is not said again of the services that they are. */
  private final Set<String> databases = new HashSet<>();

  /**
   * Looking them up once per record would make new ones, with accessors to be linked, each time.
   */
  private final Map<Class<?>, RecordComponent[]> components = new HashMap<>();

  private ConfigDiff() {}

  /** The differences in the order of the records; empty: none. */
  public static List<String> between(FairleadConfig old, FairleadConfig now) {
    ConfigDiff diff = new ConfigDiff();
    diff.databases.addAll(old.databases().keySet());
    diff.databases.addAll(now.databases().keySet());
    diff.records("", old, now);
    if (diff.more > 0) {
      diff.lines.add("and " + diff.more + " more");
    }
    return List.copyOf(diff.lines);
  }

  private void say(String line) {
    say(() -> line);
  }

  /** Makes the sentence only if there is room for it. */
  private void say(Supplier<String> line) {
    if (lines.size() < MAX_LINES) {
      lines.add(line.get());
    } else {
      more++;
    }
  }

  private void records(String path, Record old, Record now) {
    for (RecordComponent component :
        components.computeIfAbsent(old.getClass(), Class::getRecordComponents)) {
      Object before = value(component, old);
      Object after = value(component, now);
      if (!before.equals(after)) {
        if (before instanceof BalanceConfig balance) {
          records(path, balance, (BalanceConfig) after); // its keys stand beside each other
        } else if (!component.getName().equals("chosen")) {
          String key = key(component);
          values(path.isEmpty() ? key : path + "." + key, component, before, after);
        }
      }
    }
  }

  private void values(String path, RecordComponent component, Object before, Object after) {
    switch (before) {
      case Map<?, ?> map -> maps(path, map, (Map<?, ?>) after);
      case List<?> list -> lists(path, list, (List<?>) after);
      case Optional<?> maybe
          when maybe.orElse(null) instanceof AffinityConfig some
              && after instanceof Optional<?> now
              && now.orElse(null) instanceof AffinityConfig other ->
          records(path, some, other);
      case Optional<?> maybe
          when maybe.orElse(null) instanceof OtlpConfig some
              && after instanceof Optional<?> now
              && now.orElse(null) instanceof OtlpConfig other ->
          records(path, some, other);
      case Optional<?> maybe
          when maybe.orElse(null) instanceof GroupConfig some
              && after instanceof Optional<?> now
              && now.orElse(null) instanceof GroupConfig other ->
          records(path, some, other);
      case Optional<?> maybe
          when maybe.orElse(null) instanceof BgpConfig some
              && after instanceof Optional<?> now
              && now.orElse(null) instanceof BgpConfig other ->
          records(path, some, other);
      case Optional<?> maybe when maybe.orElse(null) instanceof Secret -> say(path + " changed");
      case HostPort _, Cidr _, VipAddress _, Probe.StatusRange _, Optional<?> _ ->
          change(path, before, after);
      case Secret _ -> say(path + " changed");
      case AlertCondition _ -> change(path, before, after);
      case Record record when record.getClass() == after.getClass() ->
          records(path, record, (Record) after);
      // Another kind of the same thing: a probe by TCP becomes one by HTTP.
      case Record _ -> change(path, before, after);
      default -> say(() -> path + ": " + text(component, before) + " → " + text(component, after));
    }
  }

  private void change(String path, Object before, Object after) {
    say(() -> path + ": " + words(before) + " → " + words(after));
  }

  private void maps(String path, Map<?, ?> before, Map<?, ?> after) {
    for (Map.Entry<?, ?> entry : before.entrySet()) {
      if (isDatabase(path, entry.getKey())) {
        continue;
      }
      Object now = after.get(entry.getKey());
      String place = path + "." + entry.getKey();
      if (now == null) {
        say(path + ": removed " + entry.getKey());
      } else if (!now.equals(entry.getValue())) {
        if (entry.getValue() instanceof Secret) {
          say(place + " changed");
        } else if (entry.getValue() instanceof Record record) {
          records(place, record, (Record) now);
        } else {
          change(place, entry.getValue(), now);
        }
      }
    }
    for (Object key : after.keySet()) {
      if (!before.containsKey(key) && !isDatabase(path, key)) {
        say(path + ": added " + key);
      }
    }
  }

  private boolean isDatabase(String path, Object key) {
    return path.equals("services") && databases.contains(key);
  }

  private void lists(String path, List<?> before, List<?> after) {
    // The order of routes matters and they have no name that must be given: no finer words.
    if (path.endsWith(".routes")) {
      say("routes of " + path.substring("listeners.".length(), path.lastIndexOf('.')) + " changed");
      return;
    }
    Map<Object, Object> old = byIdentity(before);
    Map<Object, Object> now = byIdentity(after);
    int said = lines.size() + more;
    old.keySet().stream()
        .filter(k -> !now.containsKey(k))
        .forEach(k -> say(() -> path + ": removed " + k));
    now.keySet().stream()
        .filter(k -> !old.containsKey(k))
        .forEach(k -> say(() -> path + ": added " + k));
    old.forEach((key, value) -> {
      if (value instanceof Record record && now.get(key) instanceof Record other) {
        if (!record.equals(other)) {
          records(path + "." + key, record, other);
        }
      }
    });
    if (said == lines.size() + more) {
      say(path + ": order changed");
    }
  }

  private static Map<Object, Object> byIdentity(List<?> list) {
    Function<Object, Object> identity =
        value ->
            switch (value) {
              case NodeConfig node -> node.address();
              case AdminConfig.Token token -> token.name();
              case AlertRuleConfig rule -> rule.name();
              default -> value;
            };
    Map<Object, Object> map = new LinkedHashMap<>();
    list.forEach(value -> map.put(identity.apply(value), value));
    return map;
  }

  private static String words(Object value) {
    return switch (value) {
      case VipElection.Lease _ -> "lease";
      case VipElection.Vrrp vrrp -> "vrrp " + vrrp.vrid();
      case VipElection.Bgp _ -> "bgp";
      case Probe.Tcp _ -> "tcp";
      case Probe.Talk _ -> "tcp with an answer";
      case PostgresqlProbe _ -> "postgresql";
      case MariadbProbe _ -> "mariadb";
      case RedisProbe _ -> "redis";
      case RoleProbe role -> "role of " + Units.textOf(role.engine());
      case CommandProbe command -> "command " + command.command().getFirst();
      case Probe.None _ -> "none";
      case Probe.Grpc grpc -> ("grpc " + grpc.service()).strip();
      case Probe.Http http -> "http " + http.path();
      case OtlpConfig otlp -> otlp.endpoint();
      case GroupConfig group -> group.name() + " as " + group.instance();
      case Optional<?> maybe -> maybe.isPresent() ? words(maybe.get()) : "none";
      default -> Units.textOf(value);
    };
  }

  private static String text(RecordComponent component, Object value) {
    return switch (value) {
      case Duration duration -> Units.duration(duration);
      case Number number
          when component.getName().endsWith("Bytes")
              || component.getName().endsWith("Window")
              || component.getName().equals("minBodyRate") ->
          Units.size(number.longValue());
      default -> Units.textOf(value);
    };
  }

  private static Object value(RecordComponent component, Record record) {
    try {
      return component.getAccessor().invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("a record of this package cannot be read", e);
    }
  }

  // The key of a component: match.hosts is written match.host and so on only inside routes.
  private static String key(RecordComponent component) {
    if (component.getDeclaringRecord().equals(BalanceConfig.class)
        && component.getName().equals("method")) {
      return "balance";
    }
    return CAPITAL.matcher(component.getName()).replaceAll("-$1").toLowerCase(Locale.ROOT);
  }
}
