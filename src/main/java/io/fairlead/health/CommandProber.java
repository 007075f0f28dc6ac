package io.fairlead.health;

import io.fairlead.config.HostPort;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Runs a program that knows. It gets the node's address and nothing of our environment but what
 * finds programs and tells the language, has no input, and is killed with all its descendants when
 * its time is over. Nothing here waits for its output: whoever inherited that could keep us.
 */
final class CommandProber implements Prober {
  private static final int MAX_OUTPUT = 4096;
  private static final int LONGEST_NAP_MILLIS = 20;
  private static final List<String> KEPT = List.of("PATH", "HOME", "LANG", "LC_ALL", "TZ");

  /** What the operating system says, in what the library makes of it. */
  private static final Pattern WHY = Pattern.compile("error[:=] ?[0-9]+[, ]+\\(?([^()]+)");

  private final List<String> command;
  private final HostPort node;

  CommandProber(List<String> command, HostPort node) {
    this.command = command;
    this.node = node;
  }

  @Override
  public ProbeResult probe(InetSocketAddress address, Deadline deadline) {
    Process process;
    try {
      process = start(address, deadline);
    } catch (IOException e) {
      String said = String.valueOf(e.getMessage());
      Matcher why = WHY.matcher(said);
      return new ProbeResult.Failed(
          "command cannot be started: " + Quote.OPEN.sentence(why.find() ? why.group(1) : said));
    }
    try {
      ByteArrayOutputStream output = new ByteArrayOutputStream();
      if (!ends(process, output, deadline)) {
        return new ProbeResult.Failed(
            "command took longer than " + deadline.timeout().toMillis() + " ms and was killed");
      }
      take(process, output);
      int status = process.exitValue();
      return status == 0
          ? deadline.met()
          : new ProbeResult.Failed("command ended with " + status + firstLine(output));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new ProbeResult.Failed("interrupted");
    } catch (IOException e) {
      return new ProbeResult.Failed("command's output cannot be read");
    } finally {
      kill(process);
    }
  }

  private Process start(InetSocketAddress address, Deadline deadline) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectInput(new File("/dev/null"));
    Map<String, String> environment = builder.environment();
    environment.keySet().retainAll(KEPT);
    environment.put("FAIRLEAD_NODE_ADDRESS", node.toString());
    environment.put("FAIRLEAD_NODE_HOST", node.host());
    environment.put("FAIRLEAD_NODE_IP", address.getAddress().getHostAddress());
    environment.put("FAIRLEAD_NODE_PORT", Integer.toString(node.port()));
    environment.put("FAIRLEAD_TIMEOUT_MS", Long.toString(deadline.timeout().toMillis()));
    return builder.start();
  }

  private static boolean ends(Process process, ByteArrayOutputStream output, Deadline deadline)
      throws IOException, InterruptedException {
    for (int nap = 1; deadline.elapsedNanos() < deadline.timeout().toNanos(); nap *= 2) {
      if (process.waitFor(Math.min(nap, LONGEST_NAP_MILLIS), TimeUnit.MILLISECONDS)) {
        return true;
      }
      take(process, output);
      nap = Math.min(nap, LONGEST_NAP_MILLIS);
    }
    return false;
  }

  /** What has been said so far; the beginning is kept, the rest only makes room for more. */
  private static void take(Process process, ByteArrayOutputStream output) throws IOException {
    InputStream in = process.getInputStream();
    byte[] part = new byte[MAX_OUTPUT];
    int left = 1024 * 1024;
    for (int count = in.available(); count > 0 && left > 0; count = in.available()) {
      int read = in.read(part, 0, Math.min(count, part.length));
      output.write(part, 0, Math.max(0, Math.min(read, MAX_OUTPUT - output.size())));
      left -= Math.max(1, read);
    }
  }

  private static String firstLine(ByteArrayOutputStream output) {
    String line = output.toString(StandardCharsets.UTF_8).strip().lines().findFirst().orElse("");
    return line.isEmpty() ? "" : ": " + Quote.OPEN.sentence(line);
  }

  private static void kill(Process process) {
    process.descendants().toList().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    try {
      process.getInputStream().close();
    } catch (IOException _) {
      // nobody reads it any more
    }
  }
}
