package io.fairlead.vip;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Assumptions;

/**
 * Machines of a test: network namespaces with an interface eth0 each, on one bridge that stands in
 * a namespace of its own. The n-th has 10.77.0.n/24 and fd77::n/64. They end with the test.
 */
public final class Namespaces implements AutoCloseable {
  private static final AtomicInteger COUNT = new AtomicInteger();

  private final String prefix =
      "fl" + ProcessHandle.current().pid() + "x" + COUNT.incrementAndGet() + "-";
  private final List<String> made = new ArrayList<>();

  private Namespaces() {}

  /** Makes them, or skips the test and says why. */
  public static Namespaces make(String... names) throws Exception {
    Assumptions.assumeTrue(
        System.getProperty("os.name").equals("Linux"), "needs Linux: network namespaces");
    Assumptions.assumeTrue(
        System.getProperty("user.name").equals("root"), "needs root: makes network namespaces");
    Namespaces all = new Namespaces();
    try {
      all.add("sw");
    } catch (IOException e) {
      all.close();
      Assumptions.abort("may not make network namespaces here: " + e.getMessage());
    }
    try {
      all.run("sw", "ip", "link", "add", "br0", "type", "bridge", "mcast_snooping", "0");
      all.run("sw", "ip", "link", "set", "br0", "up");
      for (int i = 0; i < names.length; i++) {
        all.join(names[i], i + 1);
      }
      return all;
    } catch (IOException e) {
      all.close();
      throw e;
    }
  }

  private void add(String name) throws IOException, InterruptedException {
    execute(List.of("ip", "netns", "add", of(name)));
    made.add(name);
    run(name, "ip", "link", "set", "lo", "up");
  }

  private void join(String name, int number) throws IOException, InterruptedException {
    add(name);
    // Nobody else has these addresses: the kernel need not ask.
    run(name, "sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad");
    execute(
        List.of(
            "ip",
            "link",
            "add",
            "eth0",
            "netns",
            of(name),
            "type",
            "veth",
            "peer",
            "name",
            "port" + number,
            "netns",
            of("sw")));
    run("sw", "ip", "link", "set", "port" + number, "master", "br0", "up");
    run(name, "sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad");
    run(name, "ip", "address", "add", "10.77.0." + number + "/24", "dev", "eth0");
    run(name, "ip", "-6", "address", "add", "fd77::" + number + "/64", "dev", "eth0");
    run(name, "ip", "link", "set", "eth0", "up");
  }

  /** Where this process reaches the machines from: it has an interface at their bridge, too. */
  public void joinHere() throws IOException, InterruptedException {
    String here = prefix + "t";
    execute(
        List.of(
            "ip", "link", "add", here, "type", "veth", "peer", "name", "here", "netns", of("sw")));
    run("sw", "ip", "link", "set", "here", "master", "br0", "up");
    execute(List.of("ip", "address", "add", "10.77.0.254/24", "dev", here));
    execute(List.of("ip", "link", "set", here, "up"));
  }

  /**
   * From now on no packet goes from one machine to others, until {@link #heal}.
   *
   * @param from number of the machine
   * @param to numbers of the others
   */
  public void cut(int from, List<Integer> to) throws IOException, InterruptedException {
    cut(from, to, "");
  }

  /**
   * The same for some packets only.
   *
   * @param which in words of nftables
   */
  public void cut(int from, List<Integer> to, String which)
      throws IOException, InterruptedException {
    run("sw", "nft", "add table bridge cut");
    run("sw", "nft", "add chain bridge cut between { type filter hook forward priority 0 ; }");
    for (int each : to) {
      run(
          "sw",
          "nft",
          "add rule bridge cut between iifname port%d oifname port%d %s drop"
              .formatted(from, each, which));
    }
  }

  /** All hear each other again. */
  public void heal() throws IOException, InterruptedException {
    run("sw", "nft", "add table bridge cut");
    run("sw", "nft", "delete table bridge cut");
  }

  /** What the system calls it. */
  public String of(String name) {
    return prefix + name;
  }

  /** The command that runs that one there. */
  public List<String> command(String name, List<String> command) {
    List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", of(name)));
    all.addAll(command);
    return all;
  }

  /** Runs a program there to its end and answers what it said. */
  public String run(String name, String... command) throws IOException, InterruptedException {
    return execute(command(name, List.of(command)));
  }

  /** Whether the machine has the address. */
  public boolean has(String name, String address) throws IOException, InterruptedException {
    return run(name, "ip", "-o", "address", "show").contains(" " + address + "/");
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

  /** Does something on a thread of that machine: sockets that it or its threads open are there. */
  public <T> T inside(String name, Callable<T> what) throws Exception {
    FutureTask<T> task =
        new FutureTask<>(() -> {
          enter(Path.of("/run/netns", of(name)));
          return what.call();
        });
    Thread.ofPlatform().name("in " + name).daemon(true).start(task);
    return task.get(30, TimeUnit.SECONDS);
  }

  @SuppressWarnings("restricted") // native access is given on the command line
  private static void enter(Path namespace) throws Exception {
    Linker linker = Linker.nativeLinker();
    MethodHandle open =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("open"),
            FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
    MethodHandle setns =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("setns"),
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    try (Arena arena = Arena.ofConfined()) {
      int fd = (int) open.invokeExact(arena.allocateFrom(namespace.toString()), 0);
      int result = (int) setns.invokeExact(fd, 0);
      Posix.close(fd);
      if (result != 0) {
        throw new IOException("cannot enter " + namespace);
      }
    } catch (IOException e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a system call throws nothing", e);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      for (String name : made.reversed()) {
        if (Files.exists(Path.of("/run/netns", of(name)))) {
          execute(List.of("ip", "netns", "delete", of(name)));
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
