import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/**
 * Virtual IPs between machines that are network namespaces on one bridge: owners are killed, frozen,
 * cut off and told to stop, alone and beside keepalived, while a client connects every 10 ms. See
 * chaos/vip/README.md.
 */
final class VipChaos {
  private static final String VIP = "10.78.0.100";
  private static final String VIP6 = "fd78::100";
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(40);

  private final Path work = Path.of("chaos/work/vip").toAbsolutePath();
  private final String prefix = "flvip" + ProcessHandle.current().pid() + "-";
  private final List<Process> processes = new ArrayList<>();
  private final List<String> rows = new ArrayList<>();
  private final List<String> missed = new ArrayList<>();
  private final List<String> only;

  private VipChaos(List<String> only) {
    this.only = only;
  }

  public static void main(String[] args) throws Exception {
    System.exit(new VipChaos(List.of(args)).run());
  }

  private interface Case {
    void play() throws Exception;
  }

  private int run() throws Exception {
    Files.createDirectories(work);
    // Whoever goes on working meanwhile builds another one.
    Files.copy(
        Path.of("target/fairlead.jar"),
        work.resolve("fairlead.jar"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    Map<String, Case> cases = new LinkedHashMap<>();
    cases.put("vrrp-kill", () -> vrrp("vrrp-kill", "killed", "KILL", false));
    cases.put("vrrp-freeze", () -> vrrp("vrrp-freeze", "frozen", "STOP", false));
    cases.put("vrrp-move", () -> vrrp("vrrp-move", "told to stop", "TERM", false));
    cases.put("vrrp-kill-ipv6", () -> vrrp("vrrp-kill-ipv6", "killed, IPv6", "KILL", true));
    cases.put("vrrp-back", this::back);
    cases.put("vrrp-partition", this::partition);
    cases.put("vrrp-fast", this::fast);
    cases.put("lease-alone", this::leaseAlone);
    cases.put("lease-kill", () -> lease("lease-kill", "killed"));
    cases.put("lease-freeze", () -> lease("lease-freeze", "frozen"));
    cases.put("lease-move", () -> lease("lease-move", "told to stop"));
    cases.put("lease-cut", () -> lease("lease-cut", "cut off from the others"));
    cases.put("lease-deaf", () -> lease("lease-deaf", "hears none of the others"));
    cases.put("lease-mute", () -> lease("lease-mute", "is heard by none of the others"));
    cases.put("drain-plain", () -> drain("drain-plain", false));
    cases.put("drain-second-chance", () -> drain("drain-second-chance", true));
    cases.put("keepalived-multicast", () -> keepalived("keepalived-multicast", false, false, ""));
    cases.put("keepalived-unicast", () -> keepalived("keepalived-unicast", false, true, ""));
    cases.put("keepalived-ipv6", () -> keepalived("keepalived-ipv6", true, false, ""));
    cases.put(
        "keepalived-rfc9568",
        () -> keepalived("keepalived-rfc9568", false, false, "v3_checksum_as_v2"));
    System.out.println("| case | what happens | longest gap | bound | more |");
    System.out.println("|---|---|---|---|---|");
    boolean all = true;
    for (Map.Entry<String, Case> one : cases.entrySet()) {
      if (!only.isEmpty() && only.stream().noneMatch(one.getKey()::contains)) {
        all = false;
        continue;
      }
      try {
        makeMachines();
        one.getValue().play();
      } catch (Exception | AssertionError e) {
        missed.add(one.getKey() + ": " + e);
        System.out.println("| " + one.getKey() + " | FAILED: " + e + " | | | |");
        logs();
      } finally {
        endMachines();
      }
    }
    System.out.println();
    System.out.println(missed.isEmpty() ? "All within their bounds." : "Missed: " + missed);
    if (all && missed.isEmpty()) {
      report();
    }
    return missed.isEmpty() ? 0 : 1;
  }

  // --- cases -------------------------------------------------------------------------------

  private void vrrp(String name, String what, String signal, boolean ipv6) throws Exception {
    String address = ipv6 ? VIP6 : VIP;
    Process a = fairlead("a", vip(200, ipv6, ""));
    fairlead("b", vip(100, ipv6, ""));
    await("a owns it", () -> has("a", address));
    awaitStandby("b");
    Talk client = client(address);
    client.begin(0);
    Thread.sleep(1000);
    long at = System.nanoTime();
    signal(signal, a);
    String more = "";
    await("b owns it", () -> has("b", address));
    more = "taken over after " + millis(at);
    if (!signal.equals("TERM")) {
      await("a has lost it", () -> !has("a", address));
      more += "; the kernel has taken it from the first after " + millis(at);
    }
    Thread.sleep(2000);
    said(name, "owner " + what + ", adverts every 200 ms", client.end(), 1000, more);
  }

  /** The one of higher priority comes back and takes it over from an owner that is well. */
  private void back() throws Exception {
    fairlead("b", vip(100, false, ""));
    await("b owns it", () -> has("b", VIP));
    Talk client = client(VIP);
    client.begin(0);
    fairlead("a", vip(200, false, ""));
    await("a owns it", () -> has("a", VIP));
    await("b has it no longer", () -> !has("b", VIP));
    Thread.sleep(2000);
    said("vrrp-back", "a higher priority comes back", client.end(), 1000, "");
  }

  /** No advert gets through for five seconds. */
  private void partition() throws Exception {
    fairlead("a", vip(200, false, ""));
    fairlead("b", vip(100, false, ""));
    await("a owns it", () -> has("a", VIP));
    awaitStandby("b");
    Talk client = client(VIP);
    client.begin(0);
    in("sw", "nft", "add table bridge cut");
    in("sw", "nft", "add chain bridge cut between { type filter hook forward priority 0 ; }");
    in("sw", "nft", "add rule bridge cut between ip protocol 112 drop");
    await("both own it", () -> has("a", VIP) && has("b", VIP));
    Thread.sleep(5000);
    in("sw", "nft", "delete table bridge cut");
    long at = System.nanoTime();
    await("one owns it", () -> has("a", VIP) && !has("b", VIP));
    String more = "both owned it meanwhile, as VRRP says; one again after " + millis(at);
    Thread.sleep(2000);
    said("vrrp-partition", "adverts are lost for 5 s", client.end(), 1000, more);
  }

  /** As fast as the standard knows; nobody may be taken for dead who is not. */
  private void fast() throws Exception {
    String fast = ", advert-interval: 10ms";
    fairlead("a", vip(200, false, fast));
    fairlead("b", vip(100, false, fast));
    await("a owns it", () -> has("a", VIP));
    awaitStandby("b");
    Thread.sleep(3000); // code is compiled
    Talk client = client(VIP);
    long before = taken("b");
    client.begin(0);
    Thread.sleep(10_000);
    long wandered = taken("b") - before;
    said(
        "vrrp-fast",
        "nothing, for 10 s, adverts every 10 ms",
        client.end(),
        1000,
        "the other one took over " + wandered + " times for no reason");
  }

  private void leaseAlone() throws Exception {
    Process a = fairlead("a", "front: { address: \"" + VIP + "/24\", interface: eth0 }");
    await("a owns it", () -> has("a", VIP));
    long worst = 0;
    for (int i = 0; i < 5; i++) {
      Thread.sleep(1000 + i * 230L);
      long at = System.nanoTime();
      signal("STOP", a);
      await("a has lost it", () -> !has("a", VIP));
      worst = Math.max(worst, System.nanoTime() - at);
      signal("CONT", a);
      await("a owns it", () -> has("a", VIP));
    }
    long millis = worst / 1_000_000;
    row(
        "lease-alone",
        "owner by a lease of 3 s frozen, five times",
        "-",
        "lost within 3 s",
        "the kernel has taken it away after at most " + millis + " ms",
        millis <= 3000);
  }

  /** Three of one group. */
  private void lease(String name, String what) throws Exception {
    Map<String, Process> members = new LinkedHashMap<>();
    for (String machine : List.of("a", "b", "c")) {
      members.put(machine, member(machine));
    }
    await("one owns it", () -> !owners().isEmpty());
    for (String machine : members.keySet()) {
      await(machine + " takes part", () -> vips(machine).contains("\"state\":\"standby\"")
          || has(machine, VIP));
    }
    Thread.sleep(3000); // all have seen the lease
    String owner = owners().getFirst();
    Process process = members.get(owner);
    int port = List.of("a", "b", "client", "node", "c").indexOf(owner) + 1;
    Talk client = client(VIP);
    client.begin(0);
    Thread.sleep(1000);
    long at = System.nanoTime();
    switch (what) {
      case "killed" -> signal("KILL", process);
      case "frozen" -> signal("STOP", process);
      case "told to stop" -> signal("TERM", process);
      case "hears none of the others" -> cut(port, false, true);
      case "is heard by none of the others" -> cut(port, true, false);
      default -> cut(port, true, true);
    }
    long both = 0;
    long none = 0;
    long last = System.nanoTime();
    List<String> now = owners();
    while (now.isEmpty() || now.contains(owner)) {
      if (System.nanoTime() - at > PATIENCE) {
        throw new IOException("nobody else owns it");
      }
      long look = System.nanoTime();
      none += now.isEmpty() ? look - last : 0;
      both += now.size() > 1 ? look - last : 0;
      last = look;
      now = owners();
    }
    String more =
        "taken over after "
            + millis(at)
            + "; nobody had it for "
            + none / 1_000_000
            + " ms, two at once for "
            + both / 1_000_000
            + " ms";
    Thread.sleep(1500);
    String[] end = client.end();
    row(
        name,
        "owner " + what + ", one of a group of three",
        end[0] + " ms",
        "3000 ms, never two",
        more,
        Long.parseLong(end[0]) <= 3000 && both == 0);
  }

  private List<String> owners() throws Exception {
    List<String> owners = new ArrayList<>();
    for (String machine : List.of("a", "b", "c")) {
      if (has(machine, VIP)) {
        owners.add(machine);
      }
    }
    return owners;
  }

  /** Nothing goes from that machine, or to it, to and from the other front ends any more. */
  private void cut(int port, boolean from, boolean to) throws Exception {
    String others = "{ " + String.join(", ", List.of("port1", "port2", "port5")) + " }";
    in("sw", "nft", "add table bridge cut");
    in("sw", "nft", "add chain bridge cut between { type filter hook forward priority 0 ; }");
    String rule = "add rule bridge cut between iifname ";
    if (from) {
      in("sw", "nft", rule + "port" + port + " oifname " + others + " drop");
    }
    if (to) {
      in("sw", "nft", rule + others + " oifname port" + port + " drop");
    }
  }

  private Process member(String machine) throws Exception {
    int number = List.of("a", "b", "client", "node", "c").indexOf(machine) + 1;
    return fairlead(
        machine,
        "front: { address: \"" + VIP + "/24\", interface: eth0 }",
        """
        group:
          name: chaos
          instance: %s
          bind: "10.78.0.%d:7400"
          peers: { a: "10.78.0.1:7400", b: "10.78.0.2:7400", c: "10.78.0.5:7400" }
          plain: true
        """
            .formatted(machine, number));
  }

  /** Twenty connections go on while their front end is told to stop. */
  private void drain(String name, boolean secondChance) throws Exception {
    String more = secondChance ? ", second-chance: true" : "";
    Process a = fairlead("a", vip(200, false, more));
    fairlead("b", vip(100, false, more));
    await("a owns it", () -> has("a", VIP));
    awaitStandby("b");
    Talk client = client(VIP);
    client.begin(20);
    Thread.sleep(2000);
    signal("TERM", a);
    await("b owns it", () -> has("b", VIP));
    Thread.sleep(10_000);
    String[] end = client.end();
    boolean alive = a.isAlive(); // because of them
    Thread.sleep(500);
    boolean ended = a.waitFor(40, TimeUnit.SECONDS) && a.exitValue() == 0;
    boolean clean =
        !secondChance
            || (!in("a", "ip", "-o", "address").contains(VIP)
                && !in("a", "ip", "rule").contains("fwmark"));
    String what = "owner told to stop, 20 long connections, a new one every 10 ms";
    String counts =
        end[3]
            + " of 20 broken, "
            + end[2]
            + " of "
            + end[1]
            + " new ones failed"
            + (end[4].equals("-") ? "" : " (" + end[4] + ")");
    boolean good =
        ended
            && clean
            && (!secondChance || (end[3].equals("0") && end[2].equals("0") && alive))
            && Long.parseLong(end[0]) <= 1000;
    row(
        name,
        what + (secondChance ? ", with second-chance" : ""),
        end[0] + " ms",
        secondChance ? "0 broken, 0 failed" : "1000 ms",
        counts + (ended ? "" : "; it did not end") + (clean ? "" : "; it left something behind"),
        good);
  }

  private void keepalived(String name, boolean ipv6, boolean unicast, String option)
      throws Exception {
    String address = ipv6 ? VIP6 : VIP;
    String peers = unicast ? ", peers: [\"10.78.0.1\", \"10.78.0.2\"]" : "";
    // The better one is Fairlead, and dies.
    keepalivedProcess("b", 100, ipv6, unicast, option);
    Process a = fairlead("a", vip(200, ipv6, peers));
    await("a takes it over from keepalived", () -> has("a", address) && !has("b", address));
    Talk client = client(address);
    client.begin(0);
    Thread.sleep(1000);
    signal("KILL", a);
    await("keepalived owns it", () -> has("b", address));
    Thread.sleep(2500);
    String[] killed = client.end();
    // It comes back, and leaves in order.
    Process again = fairlead("a", vip(200, ipv6, peers));
    await("a owns it again", () -> has("a", address) && !has("b", address));
    client.begin(0);
    Thread.sleep(500);
    signal("TERM", again);
    await("keepalived owns it", () -> has("b", address) && !has("a", address));
    Thread.sleep(1500);
    String[] left = client.end();
    endProcesses();
    await("nobody has it", () -> {
      in("b", "ip", "address", "flush", "dev", "eth0", "to", address);
      return !has("a", address) && !has("b", address);
    });
    // The better one is keepalived, and dies.
    echo();
    fairlead("a", vip(100, ipv6, peers));
    await("a owns it", () -> has("a", address));
    Process better = keepalivedProcess("b", 200, ipv6, unicast, option);
    await("keepalived takes it over", () -> has("b", address) && !has("a", address));
    Talk second = client(address);
    second.begin(0);
    Thread.sleep(1000);
    killTree(better);
    in("b", "ip", "link", "set", "eth0", "down"); // keepalived leaves the address behind
    await("a owns it", () -> has("a", address));
    Thread.sleep(2000);
    String[] its = second.end();
    long worst =
        Math.max(Long.parseLong(killed[0]), Math.max(Long.parseLong(left[0]), Long.parseLong(its[0])));
    row(
        name,
        "beside keepalived, adverts every 200 ms: killed; told to stop; keepalived killed",
        killed[0] + "; " + left[0] + "; " + its[0] + " ms",
        "1000 ms",
        "",
        worst <= 1000);
  }

  /** With somebody beside it who serves clients. */
  private Process keepalivedProcess(
      String machine, int priority, boolean ipv6, boolean unicast, String option) throws Exception {
    for (String pid : List.of(machine + ".pid", machine + "-vrrp.pid")) {
      Files.deleteIfExists(work.resolve(pid)); // of one that was killed
    }
    start(machine, "server-" + machine, java("Echo", "8080"));
    await("it serves", () -> log("server-" + machine).contains("ready"));
    Path file = work.resolve("keepalived-" + machine + ".conf");
    Files.writeString(
        file,
        """
        global_defs {
          router_id %s
          vrrp_version 3
        }
        vrrp_instance front {
          state BACKUP
          interface eth0
          virtual_router_id 51
          priority %d
          advert_int 0.2
          %s
          %s
          virtual_ipaddress {
            %s
          }
        }
        """
            .formatted(
                machine,
                priority,
                option,
                unicast
                    ? "unicast_src_ip 10.78.0.2\n  unicast_peer {\n    10.78.0.1\n  }"
                    : "",
                ipv6 ? "fe80::78:100/64\n    " + VIP6 + "/64" : VIP + "/24"));
    return start(
        machine,
        "keepalived-" + machine,
        List.of(
            "keepalived",
            "-n",
            "-l",
            "-D",
            "-f",
            file.toString(),
            "-p",
            work.resolve(machine + ".pid").toString(),
            "-r",
            work.resolve(machine + "-vrrp.pid").toString()));
  }

  // --- machines ----------------------------------------------------------------------------

  private void makeMachines() throws Exception {
    namespace("sw");
    in("sw", "ip", "link", "add", "br0", "type", "bridge", "mcast_snooping", "0");
    in("sw", "ip", "link", "set", "br0", "up");
    List<String> names = List.of("a", "b", "client", "node", "c");
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      int number = i + 1;
      namespace(name);
      in(name, "sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad");
      execute(
          List.of(
              "ip", "link", "add", "eth0", "netns", prefix + name, "type", "veth", "peer", "name",
              "port" + number, "netns", prefix + "sw"));
      in("sw", "ip", "link", "set", "port" + number, "master", "br0", "up");
      in(name, "ip", "address", "add", "10.78.0." + number + "/24", "dev", "eth0");
      in(name, "ip", "-6", "address", "add", "fd78::" + number + "/64", "dev", "eth0");
      in(name, "ip", "link", "set", "eth0", "up");
    }
    echo();
  }

  private void echo() throws Exception {
    Process echo = start("node", "echo", java("Echo", "9000"));
    await("the node is there", () -> log("echo").contains("ready"));
    if (!echo.isAlive()) {
      throw new IOException("the node has ended: " + log("echo"));
    }
  }

  private void namespace(String name) throws Exception {
    execute(List.of("ip", "netns", "add", prefix + name));
    in(name, "ip", "link", "set", "lo", "up");
  }

  private void endProcesses() throws Exception {
    for (Process process : processes) {
      killTree(process);
    }
    processes.clear();
  }

  /** With the processes that it has begun: keepalived has one for VRRP. */
  private static void killTree(Process process) throws Exception {
    List<ProcessHandle> children = process.descendants().toList();
    process.destroyForcibly();
    children.forEach(ProcessHandle::destroyForcibly);
    process.waitFor();
  }

  private void endMachines() throws Exception {
    endProcesses();
    for (String name : List.of("a", "b", "client", "node", "c", "sw")) {
      if (Files.exists(Path.of("/run/netns", prefix + name))) {
        execute(List.of("ip", "netns", "delete", prefix + name));
      }
    }
  }

  private static String vip(int priority, boolean ipv6, String more) {
    return "front: { address: ["
        + (ipv6 ? "\"fe80::78:100/64\", \"" + VIP6 + "/64\"" : "\"" + VIP + "/24\"")
        + "], interface: eth0, elect: vrrp, vrid: 51, priority: "
        + priority
        + more
        + " }";
  }

  private Process fairlead(String machine, String vip) throws Exception {
    return fairlead(machine, vip, "");
  }

  private Process fairlead(String machine, String vip, String more) throws Exception {
    deleteTree(work.resolve("data-" + machine));
    Path file = work.resolve(machine + ".yaml");
    Files.writeString(
        file,
        """
        data: data-%s
        logs: { enabled: false }
        listeners:
          web: { bind: "[::]:8080", protocol: tcp, service: echo }
        services:
          echo: { nodes: "10.78.0.4:9000" }
        vips:
          %s
        %s"""
            .formatted(machine, vip, more));
    return start(
        machine,
        "fairlead-" + machine,
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-Xmx256m",
            "-XX:TieredStopAtLevel=1", // for cases of seconds
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            work.resolve("fairlead.jar").toString(),
            "io.fairlead.Main",
            "run",
            "-c",
            file.toString()));
  }

  private static void deleteTree(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (var all = Files.walk(folder)) {
        for (Path file : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static List<String> java(String... command) {
    List<String> all =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path")));
    all.addAll(List.of(command));
    return all;
  }

  private Process start(String machine, String log, List<String> command) throws IOException {
    List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", prefix + machine));
    all.addAll(command);
    Process process =
        new ProcessBuilder(all)
            .redirectErrorStream(true)
            .redirectOutput(work.resolve(log + ".log").toFile())
            .start();
    processes.add(process);
    return process;
  }

  private String log(String name) throws IOException {
    Path file = work.resolve(name + ".log");
    return Files.exists(file) ? Files.readString(file) : "";
  }

  private void logs() throws IOException {
    for (String name : List.of("fairlead-a", "fairlead-b", "fairlead-c", "keepalived-b")) {
      if (Files.exists(work.resolve(name + ".log"))) {
        System.out.println("--- " + name + "\n" + log(name));
      }
    }
  }

  private String in(String machine, String... command) throws Exception {
    List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", prefix + machine));
    all.addAll(List.of(command));
    return execute(all);
  }

  private static String execute(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + ": " + said.strip());
    }
    return said;
  }

  private boolean has(String machine, String address) throws Exception {
    return in(machine, "ip", "-o", "address", "show", "dev", "eth0").contains(" " + address + "/");
  }

  private void awaitStandby(String machine) throws Exception {
    await(machine + " stands by", () -> vips(machine).contains("\"state\":\"standby\",\"owner\":\""));
  }

  private String vips(String machine) throws Exception {
    try {
      return in(machine, "curl", "-s", "--noproxy", "*", "http://127.0.0.1:9900/api/v1/vips");
    } catch (IOException e) {
      return ""; // it has not begun
    }
  }

  private long taken(String machine) throws Exception {
    String text = vips(machine);
    int at = text.indexOf("\"taken\":") + 8;
    return Long.parseLong(text.substring(at, text.indexOf('}', at)));
  }

  private static void signal(String name, Process process) throws Exception {
    execute(List.of("kill", "-" + name, Long.toString(process.pid())));
  }

  private static void await(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + PATIENCE;
    while (!condition.call()) {
      if (System.nanoTime() > deadline) {
        throw new IOException("not within 40 s: " + what);
      }
      Thread.sleep(5);
    }
  }

  private static String millis(long since) {
    return (System.nanoTime() - since) / 1_000_000 + " ms";
  }

  /** A client that is told what to do. */
  private record Talk(PrintStream to, BufferedReader from) {
    void begin(int connections) throws IOException {
      to.println("begin " + connections);
      expect("begun");
    }

    void expect(String wanted) throws IOException {
      String said = from.readLine();
      if (!wanted.equals(said)) {
        throw new IOException("the client said " + said);
      }
    }

    String[] end() throws IOException {
      to.println("end");
      String said = from.readLine();
      if (said == null) {
        throw new IOException("the client has ended");
      }
      return said.split(" ");
    }
  }

  private Talk client(String address) throws Exception {
    List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", prefix + "client"));
    all.addAll(java("Client", address, "8080"));
    Process process =
        new ProcessBuilder(all).redirectError(work.resolve("client.log").toFile()).start();
    processes.add(process);
    Talk talk =
        new Talk(
            new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8),
            new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)));
    talk.expect("ready");
    return talk;
  }

  // --- what is told ------------------------------------------------------------------------

  private void said(String name, String what, String[] end, long bound, String more) {
    row(name, what, end[0] + " ms", bound + " ms", more, Long.parseLong(end[0]) <= bound);
  }

  private void row(
      String name, String what, String gap, String bound, String more, boolean good) {
    String row =
        String.format(Locale.ROOT, "| %s | %s | %s | %s | %s |", name, what, gap, bound, more);
    rows.add(row);
    System.out.println(row + (good ? "" : " MISSED"));
    if (!good) {
      missed.add(name);
    }
  }

  private void report() throws IOException {
    Files.writeString(
        Path.of("chaos/vip/report.md"),
        "# The last run of `make chaos-vip`\n\n"
            + Instant.now().toString().substring(0, 10)
            + ", Linux "
            + System.getProperty("os.version")
            + ", "
            + Runtime.getRuntime().availableProcessors()
            + " processors shared by all machines. See [README.md](README.md) for what it means.\n\n"
            + "| case | what happens | longest gap | bound | more |\n|---|---|---|---|---|\n"
            + String.join("\n", rows)
            + "\n");
  }
}
