package io.fairlead;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** A provider of OpenID Connect that others have made, in a process of its own. */
final class NpmProvider implements AutoCloseable {
  private final Process process;
  private final int port;

  /**
   * @param redirectUri where the client's browsers come back
   * @param afterSignOut where they go when they have signed out
   */
  NpmProvider(String client, String secret, String redirectUri, String afterSignOut)
      throws Exception {
    String folder = NodeModules.folder().toString();
    String clients =
        new JsonMapper()
            .writeValueAsString(
                List.of(
                    Map.of(
                        "client_id",
                        client,
                        "client_secret",
                        secret,
                        "redirect_uris",
                        List.of(redirectUri),
                        "post_logout_redirect_uris",
                        List.of(afterSignOut))));
    process =
        new ProcessBuilder("node", "src/test/node/oidc/provider.mjs", folder, clients)
            .redirectError(Path.of(folder, "provider.err").toFile())
            .start();
    BufferedReader said = process.inputReader(StandardCharsets.UTF_8);
    String line = said.readLine();
    if (line == null) {
      throw new IOException("the provider ended: see " + folder + "/provider.err");
    }
    port = Integer.parseInt(line);
  }

  String issuer() {
    return "http://127.0.0.1:" + port;
  }

  @Override
  public void close() {
    process.destroy();
    process.onExit().join();
  }
}
