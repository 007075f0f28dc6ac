package example;

import io.fairlead.filter.Decision;
import io.fairlead.filter.FilterApi;
import io.fairlead.filter.FilterFactory;
import io.fairlead.filter.FilterRequest;
import io.fairlead.filter.FilterSettings;
import io.fairlead.filter.RequestFilter;
import io.fairlead.filter.SettingsRefused;
import io.fairlead.filter.WaitingFilter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Looks up who has a key. Here it waits for the disk; a database would do as well. */
public final class Callers implements FilterFactory {
  @Override
  public int apiVersion() {
    return FilterApi.VERSION;
  }

  @Override
  public RequestFilter create(FilterSettings settings) throws SettingsRefused {
    Path keys = settings.path("keys");
    if (!Files.isReadable(keys)) {
      throw new SettingsRefused("keys", "must be a file that can be read");
    }
    return new ByKey(keys);
  }

  private record ByKey(Path keys) implements WaitingFilter {
    @Override
    public Decision filter(FilterRequest request) throws IOException {
      String key = request.header("x-api-key").orElse("");
      for (String line : Files.readAllLines(keys)) {
        int colon = line.indexOf(':');
        if (colon > 0 && line.substring(0, colon).equals(key)) {
          request.removeHeader("x-api-key");
          request.setHeader("x-caller", line.substring(colon + 1));
          return Decision.goOn();
        }
      }
      request.setResponseHeader("www-authenticate", "Key");
      return Decision.refuse(401, "application/json", "{\"error\":\"no such key\"}\n");
    }
  }
}
