package io.fairlead.trust;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** RFC 9525, 6.3: what a name in a certificate stands for. */
final class NodeNamesTest {
  @ParameterizedTest
  @CsvSource({
    "shop.test,    shop.test,     true",
    "shop.test,    SHOP.test,     true",
    "Shop.Test,    shop.test,     true",
    "shop.test,    shop.test.,    true",
    "shop.test.,   shop.test,     true",
    "shop.test,    a.shop.test,   false",
    "a.shop.test,  shop.test,     false",
    "*.shop.test,  a.shop.test,   true",
    "*.shop.test,  A.SHOP.test,   true",
    "*.shop.test,  shop.test,     false", // a star is not nothing
    "*.shop.test,  .shop.test,    false",
    "*.shop.test,  a.b.shop.test, false", // and not two labels
    "*.shop.test,  *.shop.test,   true",
    "a*.shop.test, ab.shop.test,  false", // and not a part of one
    "*,            shop,          false",
    "a.*.test,     a.shop.test,   false",
    "shop,         shop,          true",
    "'',           shop,          false",
  })
  void aNameMatches(String pattern, String wanted, boolean matches) {
    assertThat(NodeNames.matches(pattern, wanted)).isEqualTo(matches);
  }
}
