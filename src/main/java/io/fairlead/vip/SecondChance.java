package io.fairlead.vip;

import io.fairlead.config.VipAddress;
import io.fairlead.config.VipConfig;
import io.fairlead.config.VipElection;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the kernel needs to give connections of an owner that leaves a second chance [1]: packets to
 * a virtual IP that belong to no connection of this machine get a mark, and what is marked is
 * routed by a table of its own before it is looked at whether the address is local. Where one
 * machine has the address at a time, that table is empty but for a while after a takeover, when it
 * leads to the owner before; while it is empty, everything is as without it.
 *
 * <p>Where all have it (BGP), a router whose set of ways has changed may send a connection to any
 * other one, and nobody knows whose it is. So the table leads to the next instance of a ring, which
 * does the same; the packet's time to live counts how many are still to be asked. Who gets it with
 * 1 is the last: its kernel answers what no connection is there for.
 *
 * <p>Three things tell that a packet is for this machine: it opens a connection; there is a socket
 * for it that is not bound to the wildcard address, which a listener is and a connection is not; or
 * the kernel tracks it as established. The last is for the third packet of a handshake, which comes
 * when there is no socket yet.
 *
 * <p>The rules are made when the configuration is, by {@code nft} and {@code ip}, and stay: between
 * having the address and having rules the kernel would reset every connection of the owner before.
 *
 * <p>[1] GitHub, GLB: the director's second chance flow, 2018.
 */
final class SecondChance implements AutoCloseable {
  /** Marks and tables; the numbers after it are for one virtual IP each. */
  static final int FIRST_TABLE = 0xF100;

  private static final int FIRST_RULE = 100;
  private static final int LOCAL_RULE = 200;
  private static final int PATIENCE_SECONDS = 10;
  private static final Pattern INTERFACE = Pattern.compile("\\bdev (\\S+)");
  private static final Path CONF = Path.of("/proc/sys/net/ipv4/conf");

  /**
   * Those that may have a connection.
   *
   * @param members how many, with this one
   * @param next who is asked after this one; null: there is nobody
   */
  record Ring(int members, @Nullable InetAddress next) {
    static final Ring ALONE = new Ring(1, null);
  }

  private final Map<String, Integer> tables = new LinkedHashMap<>();

  /** What was in the settings of the kernel that were changed. */
  private final Map<Path, String> before = new LinkedHashMap<>();

  private List<Object> installed = List.of();
  private List<VipConfig> vips = List.of();
  private Ring ring = Ring.ALONE;

  /** The table of that virtual IP; 0: there is no second chance. */
  synchronized int table(String vip) {
    return tables.getOrDefault(vip, 0);
  }

  /**
   * Makes the rules for those that want them. Waits for programs.
   *
   * @throws IOException with a sentence for people if it cannot; then there is no second chance
   */
  synchronized void install(Map<String, VipConfig> config, Set<InetAddress> routers)
      throws IOException {
    List<VipConfig> wanted = config.values().stream().filter(VipConfig::secondChance).toList();
    List<Object> what = new ArrayList<>();
    for (VipConfig vip : wanted) {
      what.addAll(List.of(vip.name(), vip.address(), vip.networkInterface(), isShared(vip)));
    }
    if (wanted.stream().anyMatch(SecondChance::isShared)) {
      what.add(routers);
    }
    if (what.equals(installed)) {
      return;
    }
    uninstall();
    if (wanted.isEmpty()) {
      return;
    }
    for (VipConfig vip : wanted) {
      if (!isShared(vip)) {
        passThrough(vip.networkInterface());
      } else {
        for (InetAddress router : routers) {
          passThrough(interfaceTo(router));
        }
      }
    }
    set(CONF.resolve("all/send_redirects"), "0");
    String _ = run(rules(wanted, 1), "nft", "-f", "-");
    addRule(LOCAL_RULE, "lookup", "local");
    for (int i = 0; i < wanted.size(); i++) {
      String number = Integer.toString(FIRST_TABLE + i);
      addRule(FIRST_RULE + i, "fwmark", number, "lookup", number);
    }
    removeRule(0);
    for (int i = 0; i < wanted.size(); i++) {
      tables.put(wanted.get(i).name(), FIRST_TABLE + i);
    }
    vips = wanted;
    installed = what;
    lead();
  }

  /**
   * Who may have a connection to an address that all have. Waits for programs.
   *
   * @throws IOException with a sentence for people if it cannot; then it is as it was
   */
  synchronized void ask(Ring next) throws IOException {
    if (!next.equals(ring)) {
      ring = next;
      lead();
    }
  }

  /** Has packets that belong to nobody here go on to the next of the ring, or to nobody. */
  private void lead() throws IOException {
    if (vips.stream().noneMatch(SecondChance::isShared)) {
      return;
    }
    InetAddress next = ring.next();
    if (next != null) {
      String link = interfaceTo(next);
      passThrough(link);
      for (VipConfig vip : vips) {
        if (isShared(vip)) {
          String table = Integer.toString(table(vip.name()));
          String via = next.getHostAddress();
          String _ =
              run(
                  "", "ip", "-4", "route", "replace", "default", "via", via, "dev", link, "table",
                  table);
        }
      }
    }
    String _ = run(rules(vips, ring.members()), "nft", "-f", "-");
  }

  /** Whether all have it, and pass on what they do not know. */
  static boolean isShared(VipConfig vip) {
    return vip.secondChance() && vip.elect() instanceof VipElection.Bgp;
  }

  private void passThrough(String networkInterface) throws IOException {
    Path link = CONF.resolve(networkInterface);
    set(link.resolve("forwarding"), "1");
    set(link.resolve("send_redirects"), "0"); // clients shall not learn of the detour
  }

  private static String interfaceTo(InetAddress there) throws IOException {
    String said = run("", "ip", "-o", "route", "get", there.getHostAddress());
    Matcher found = INTERFACE.matcher(said);
    if (!found.find()) {
      throw new IOException("no second chance: no interface leads to " + there.getHostAddress());
    }
    return found.group(1);
  }

  /**
   * For nft, in one step: what was there before is replaced.
   *
   * @param members how many may have a connection to an address that all have, with this one
   */
  static String rules(List<VipConfig> vips, int members) {
    StringBuilder text = new StringBuilder();
    text.append("add table ip fairlead\ndelete table ip fairlead\n");
    text.append("table ip fairlead {\n  chain before-routing {\n");
    text.append("    type filter hook prerouting priority mangle; policy accept;\n");
    StringBuilder marks = new StringBuilder();
    List<String> all = new ArrayList<>();
    for (int i = 0; i < vips.size(); i++) {
      boolean shared = isShared(vips.get(i));
      for (VipAddress address : vips.get(i).address()) {
        if (!address.isIpv4()) {
          continue;
        }
        String to = "    ip daddr " + address.ip().getHostAddress() + " ";
        all.add(address.ip().getHostAddress());
        if (shared) { // nothing that has come here from afar has so little left by itself
          marks.append(to).append("ip ttl 1 accept\n");
          marks.append("%sip ttl > %d ip ttl set %d\n".formatted(to, members, members));
        }
        if (!shared || members > 1) {
          marks.append(to).append("counter meta mark set ").append(FIRST_TABLE + i).append('\n');
        }
      }
    }
    text.append("    ip daddr != { ").append(String.join(", ", all)).append(" } accept\n");
    text.append("    meta l4proto != tcp accept\n");
    text.append("    tcp flags & (syn | ack) == syn accept\n");
    text.append("    socket wildcard 0 accept\n");
    text.append("    ct state established,related accept\n");
    return text.append(marks).append("  }\n}\n").toString();
  }

  private void set(Path setting, String value) throws IOException {
    try {
      String old = Files.readString(setting).strip();
      if (!old.equals(value)) {
        Files.writeString(setting, value);
        before.putIfAbsent(setting, old);
      }
    } catch (IOException e) {
      throw new IOException("no second chance: cannot set " + setting + ": " + e.getMessage(), e);
    }
  }

  private static void addRule(int preference, String... rule) throws IOException {
    removeRule(preference);
    List<String> command =
        new ArrayList<>(List.of("ip", "-4", "rule", "add", "pref", Integer.toString(preference)));
    command.addAll(List.of(rule));
    String _ = run("", command.toArray(String[]::new));
  }

  /** Removes it, if it is there. */
  private static void removeRule(int preference) {
    try {
      String _ = run("", "ip", "-4", "rule", "del", "pref", Integer.toString(preference));
    } catch (IOException e) {
      // There was none.
    }
  }

  private static String run(String input, String... command) throws IOException {
    String what = "no second chance: " + command[0] + ": ";
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      try (var to = process.getOutputStream()) {
        to.write(input.getBytes(StandardCharsets.UTF_8));
      }
      byte[] said = process.getInputStream().readNBytes(400);
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IOException(what + "does not end");
      }
      if (process.exitValue() != 0) {
        throw new IOException(what + new String(said, StandardCharsets.UTF_8).strip());
      }
      return new String(said, StandardCharsets.UTF_8);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(what + "interrupted", e);
    }
  }

  /** Takes away what is in that table, if anything is. */
  private static void clear(int table) {
    try {
      String _ = run("", "ip", "-4", "route", "flush", "table", Integer.toString(table));
    } catch (IOException e) {
      // There is no such table.
    }
  }

  private void uninstall() {
    if (installed.isEmpty() && before.isEmpty()) {
      return;
    }
    try {
      addRule(0, "lookup", "local");
      for (int i = 0; i < tables.size(); i++) {
        removeRule(FIRST_RULE + i);
        clear(FIRST_TABLE + i);
      }
      removeRule(LOCAL_RULE);
      String _ = run("delete table ip fairlead\n", "nft", "-f", "-");
    } catch (IOException e) {
      // What is left does nothing without a route in its table.
    }
    before.forEach((setting, value) -> {
      try {
        Files.writeString(setting, value);
      } catch (IOException e) {
        // The interface is gone.
      }
    });
    before.clear();
    tables.clear();
    vips = List.of();
    installed = List.of();
  }

  /** Another process of this machine goes on with the rules. */
  synchronized void abandon() {
    before.clear();
    tables.clear();
    vips = List.of();
    installed = List.of();
  }

  @Override
  public synchronized void close() {
    uninstall();
  }
}
