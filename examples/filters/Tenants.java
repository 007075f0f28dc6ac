package example;

import io.fairlead.filter.Decision;
import io.fairlead.filter.FilterApi;
import io.fairlead.filter.FilterFactory;
import io.fairlead.filter.FilterRequest;
import io.fairlead.filter.FilterSettings;
import io.fairlead.filter.QuickFilter;
import io.fairlead.filter.RequestFilter;
import io.fairlead.filter.SettingsRefused;

/** Each tenant has a host below one domain; one of them has a service of its own. Quick. */
public final class Tenants implements FilterFactory {
  @Override
  public int apiVersion() {
    return FilterApi.VERSION;
  }

  @Override
  public RequestFilter create(FilterSettings settings) throws SettingsRefused {
    settings.only("domain", "large");
    String domain = settings.required("domain");
    if (domain.startsWith(".")) {
      throw new SettingsRefused("domain", "must not begin with a dot");
    }
    return new ByHost("." + domain, settings.find("large").orElse(""));
  }

  private record ByHost(String suffix, String large) implements QuickFilter {
    @Override
    public Decision filter(FilterRequest request) {
      String host = request.host();
      if (!host.endsWith(suffix)) {
        return Decision.refuse(404, "text/plain", "no such tenant\n");
      }
      String tenant = host.substring(0, host.length() - suffix.length());
      request.setHeader("x-tenant", tenant);
      request.setResponseHeader("x-tenant", tenant);
      return tenant.equals(large) ? Decision.sendTo("large") : Decision.goOn();
    }
  }
}
