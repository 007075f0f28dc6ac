package io.fairlead.config;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What an agent is and may run: the program beside a machine's nodes that starts and stops them for
 * front ends.
 *
 * @param name of the machine, for people
 * @param address at which front ends reach nodes here
 * @param bind where its door is
 * @param data its folder: what nodes write, and which versions they are
 * @param token that whoever gives orders has to know; empty: nothing is asked
 * @param tls how the door speaks TLS; empty: it does not
 * @param onExit what becomes of nodes when the agent is told to end
 * @param services what it may run, by name
 */
public record AgentConfig(
    String name,
    String address,
    HostPort bind,
    Path data,
    Optional<Secret> token,
    Optional<Tls> tls,
    ScaleConfig.OnExit onExit,
    Map<String, Program> services) {
  static final HostPort DEFAULT_BIND = new HostPort("127.0.0.1", 9901);
  static final Range<Integer> MOST = Range.counts(1, ScaleConfig.MOST);
  static final Range<Integer> PORTS = Range.counts(1, 65_535);
  static final Range<Long> MEMORIES = Range.sizes(1024L * 1024, Long.MAX_VALUE);
  static final String TOKEN_RULE =
      "must be " + AdminConfig.Token.MIN_LENGTH + " to 4096 visible ASCII characters";

  /**
   * How the door shows who it is, and who may come in.
   *
   * @param ca authorities that clients' certificates must come from; empty: none is asked for
   */
  public record Tls(Path cert, Path key, List<Path> ca) {
    public Tls {
      ca = List.copyOf(ca);
    }

    @Override
    public String toString() {
      return cert.toString();
    }
  }

  /**
   * Ports that nodes are given.
   *
   * @param from the first
   * @param to the last
   */
  public record Ports(int from, int to) {
    static Ports parse(String text) {
      if (!text.matches("[0-9]{1,5}-[0-9]{1,5}")) {
        throw Require.refusal("must be FIRST-LAST, such as 20000-20999");
      }
      int dash = text.indexOf('-');
      int from = Integer.parseInt(text.substring(0, dash));
      int to = Integer.parseInt(text.substring(dash + 1));
      if (!PORTS.contains(from) || !PORTS.contains(to) || from > to) {
        throw Require.refusal("must be two ports from 1 to 65535, the smaller one first");
      }
      return new Ports(from, to);
    }

    @Override
    public String toString() {
      return from + "-" + to;
    }
  }

  /**
   * What runs of one service.
   *
   * @param run how
   * @param ports that its nodes get; empty: any free one
   * @param most nodes of it at once, 1 to 1000, of all front ends
   * @param memory bytes that a node may use; 0: any number
   * @param cpus processors that a node may use; 0: any number
   */
  public record Program(
      ScaleDriver.Program run, Optional<Ports> ports, int most, long memory, double cpus) {
    public Program {
      new Require()
          .within(MOST, "most", most)
          .that(
              ports.map(range -> range.to - range.from + 1 >= most).orElse(true),
              List.of("ports"),
              ports.map(Ports::toString).orElse(null),
              "must be at least as many as most, " + most,
              List.of(List.of("most")))
          .orRefuse();
    }
  }

  public AgentConfig {
    services = Collections.unmodifiableMap(new LinkedHashMap<>(services));
    boolean asks = token.isPresent() || tls.map(its -> !its.ca.isEmpty()).orElse(false);
    new Require()
        .unless(Syntax.name(name), List.of("name"), name)
        .unless(Syntax.host(address), List.of("address"), address)
        .that(
            !Syntax.isWildcard(address),
            "address",
            address,
            "must be an address that front ends can reach, not every address")
        .that(token.map(AgentConfig::isToken).orElse(true), "token", null, TOKEN_RULE)
        .that(
            asks,
            "token",
            null,
            "must be given, or tls with ca: whoever reaches the door starts and stops programs")
        .that(!services.isEmpty(), "services", null, "must have at least one service")
        .orRefuse();
  }

  static boolean isToken(Secret token) {
    String text = token.value();
    return text.length() >= AdminConfig.Token.MIN_LENGTH
        && text.length() <= 4096
        && text.chars().allMatch(c -> c > ' ' && c < 127);
  }
}
