package io.fairlead.extension;

import io.fairlead.filter.FilterApi;
import java.net.URL;
import java.util.Collections;
import java.util.Enumeration;
import org.jspecify.annotations.Nullable;

/**
 * What filters see besides their own classes: the JDK and one package of ours. The libraries that
 * this process has in versions of its own are not there.
 */
final class ApiOnly extends ClassLoader {
  static final ApiOnly LOADER = new ApiOnly();

  private static final String API = FilterApi.class.getPackageName() + ".";

  private ApiOnly() {
    super("filter-api", ClassLoader.getPlatformClassLoader());
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    if (name.startsWith(API) && name.indexOf('.', API.length()) < 0) {
      return Class.forName(name, false, FilterApi.class.getClassLoader());
    }
    throw new ClassNotFoundException(
        name + ": a filter sees the JDK, " + API + "* and what is in its own jar");
  }

  /** Also what stands beside our classes is not theirs. */
  @Override
  public @Nullable URL getResource(String name) {
    return getParent().getResource(name);
  }

  @Override
  protected Enumeration<URL> findResources(String name) {
    return Collections.emptyEnumeration();
  }
}
