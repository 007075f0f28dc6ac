package io.fairlead.admin;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * A real Chromium for several pages, each of which knows nothing of the others. It cannot be
 * skipped: without Chromium on the PATH the constructor fails and says what to install.
 */
public final class Chromium implements AutoCloseable {
  private final Process process;
  private final Path profile;
  private final HttpClient client = HttpClient.newHttpClient();
  private final URI address;
  private final DevTools tools;

  /**
   * @param options of its command line, besides the usual ones
   */
  public Chromium(String... options) throws IOException {
    profile = Files.createTempDirectory("fairlead-browser");
    Process started = start(profile, List.of(options));
    process = started;
    try {
      address = URI.create(devToolsAddress(started));
      tools = new DevTools(client, address, _ -> {});
    } catch (IOException | RuntimeException e) {
      started.destroyForcibly();
      throw e;
    }
  }

  /** A page with what a visitor brings along of its own. */
  final class Tab implements AutoCloseable {
    final DevTools tools;
    private final String visitor;

    Tab(Consumer<JsonNode> events) {
      visitor = text("Target.createBrowserContext", Map.of(), "browserContextId");
      String id =
          text(
              "Target.createTarget",
              Map.of("url", "about:blank", "browserContextId", visitor),
              "targetId");
      tools = new DevTools(client, address.resolve("/devtools/page/" + id), events);
    }

    private String text(String method, Map<String, Object> parameters, String field) {
      return Chromium.this.tools.send(method, parameters).get(field).stringValue();
    }

    @Override
    public void close() {
      tools.close();
      JsonNode _ =
          Chromium.this.tools.send(
              "Target.disposeBrowserContext", Map.of("browserContextId", visitor));
    }
  }

  @Override
  public void close() throws IOException {
    tools.close();
    process.destroy();
    process
        .onExit()
        .completeOnTimeout(process, 5, TimeUnit.SECONDS)
        .thenAccept(Process::destroyForcibly)
        .join();
    process.onExit().join();
    try (Stream<Path> files = Files.walk(profile)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    } catch (UncheckedIOException _) {
      // a child of the browser was still writing: the rest is left to the system's cleaner
    }
  }

  private static Process start(Path profile, List<String> options) throws IOException {
    for (String name : List.of("chromium", "chromium-browser", "google-chrome")) {
      List<String> command = new ArrayList<>(List.of(name));
      command.addAll(options);
      command.addAll(
          List.of(
              "--headless",
              "--no-sandbox",
              "--disable-gpu",
              options.contains("--enable-quic") ? "--no-pings" : "--disable-quic",
              "--disable-dev-shm-usage",
              "--no-first-run",
              "--disable-background-networking",
              "--disable-component-update",
              "--disable-sync",
              "--hide-scrollbars",
              "--user-data-dir=" + profile,
              "--remote-debugging-port=0",
              "--window-size=1280,900",
              "about:blank"));
      try {
        return new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
      } catch (IOException _) {
        // not under this name
      }
    }
    throw new IOException(
        "Chromium is needed to look at the dashboard: install the package chromium.");
  }

  /** Chromium says on its error stream where it listens. */
  private static String devToolsAddress(Process process) throws IOException {
    BufferedReader errors =
        new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
    StringBuilder seen = new StringBuilder();
    for (String line = errors.readLine(); line != null; line = errors.readLine()) {
      seen.append(line).append('\n');
      int at = line.indexOf("ws://");
      if (at >= 0) {
        Thread.ofVirtual().start(() -> drain(errors));
        return line.substring(at).strip();
      }
    }
    throw new IOException("Chromium ended before it listened:\n" + seen);
  }

  private static void drain(BufferedReader errors) {
    try {
      errors.transferTo(Writer.nullWriter());
    } catch (IOException _) {
      // the browser is gone
    }
  }
}
