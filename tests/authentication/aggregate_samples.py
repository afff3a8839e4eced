"""Aggregate reports as different programs write them, made up for the tests."""

from __future__ import annotations

from collections.abc import Iterator

#: By RFC 9990: name space, order of the schema, treewalk, an extension.
RFC9990 = """<?xml version="1.0" encoding="UTF-8"?>
<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0" xmlns:ext="https://ext.example/ns">
  <version>1.0</version>
  <report_metadata>
    <org_name>Receiver One</org_name>
    <email>reports@receiver.example</email>
    <extra_contact_info>https://receiver.example/dmarc</extra_contact_info>
    <report_id>2026-11-01.example.com@receiver.example</report_id>
    <date_range><begin>1793491200</begin><end>1793577599</end></date_range>
    <error>two records at _dmarc.b.example.com</error>
    <generator>Tallier 2.1</generator>
  </report_metadata>
  <policy_published>
    <domain>example.com</domain>
    <discovery_method>treewalk</discovery_method>
    <p>quarantine</p><sp>none</sp><np>reject</np>
    <fo>0</fo><adkim>r</adkim><aspf>s</aspf><testing>y</testing>
  </policy_published>
  <extension><ext:note><ext:deep>x</ext:deep></ext:note></extension>
  <record>
    <row>
      <source_ip>192.0.2.25</source_ip><count>123</count>
      <policy_evaluated><disposition>pass</disposition><dkim>pass</dkim><spf>pass</spf></policy_evaluated>
    </row>
    <identifiers>
      <header_from>example.com</header_from><envelope_from>bounce.example.com</envelope_from>
    </identifiers>
    <auth_results>
      <dkim><domain>example.com</domain><selector>s1</selector><result>pass</result></dkim>
      <spf><domain>bounce.example.com</domain><scope>mfrom</scope><result>pass</result></spf>
    </auth_results>
    <ext:arc><ext:result>none</ext:result></ext:arc>
  </record>
  <record>
    <row>
      <source_ip>2001:db8:0:0::7</source_ip><count>4</count>
      <policy_evaluated>
        <disposition>none</disposition><dkim>fail</dkim><spf>fail</spf>
        <reason><type>policy_test_mode</type><comment>t=y</comment></reason>
        <reason><type>mailing_list</type></reason>
      </policy_evaluated>
    </row>
    <identifiers><header_from>example.com</header_from><envelope_from/></identifiers>
    <auth_results>
      <dkim>
        <domain>example.com</domain><selector>s1</selector><result>fail</result>
        <human_result>body hash did not verify</human_result>
      </dkim>
      <dkim><domain>list.example.net</domain><selector>l</selector><result>pass</result></dkim>
      <spf><domain>list.example.net</domain><result>pass</result></spf>
    </auth_results>
  </record>
</feedback>
"""

#: By RFC 7489 as it is mostly seen: no name space, pct, everything indented by two.
RFC7489 = """<?xml version="1.0" encoding="UTF-8" ?>
<feedback>
  <report_metadata>
    <org_name>bigmail.example</org_name>
    <email>noreply@bigmail.example</email>
    <report_id>5550123456789</report_id>
    <date_range>
      <begin>1793491200</begin>
      <end>1793577599</end>
    </date_range>
  </report_metadata>
  <policy_published>
    <domain>example.com</domain>
    <adkim>r</adkim>
    <aspf>r</aspf>
    <p>reject</p>
    <sp>reject</sp>
    <pct>100</pct>
  </policy_published>
  <record>
    <row>
      <source_ip>198.51.100.9</source_ip>
      <count>2</count>
      <policy_evaluated>
        <disposition>reject</disposition>
        <dkim>fail</dkim>
        <spf>fail</spf>
      </policy_evaluated>
    </row>
    <identifiers>
      <header_from>example.com</header_from>
    </identifiers>
    <auth_results>
      <spf>
        <domain>forger.example</domain>
        <result>softfail</result>
      </spf>
    </auth_results>
  </record>
</feedback>
"""

#: A prefix of its own, another order, upper case, synonyms, no scope, an address in brackets, a fraction of a second.
ODD = """<?xml version="1.0" encoding="windows-1252"?>
<d:feedback xmlns:d="http://dmarc.org/dmarc-xml/0.1">
<d:record>
 <d:auth_results>
  <d:spf><d:result>HardFail</d:result><d:domain>Example.COM.</d:domain></d:spf>
  <d:dkim><d:result>unknown</d:result><d:domain>example.com</d:domain></d:dkim>
 </d:auth_results>
 <d:identities><d:header_from>EXAMPLE.com</d:header_from></d:identities>
 <d:row>
  <d:policy_evaluated><d:spf>FAIL</d:spf><d:dkim>fail</d:dkim><d:disposition>None</d:disposition></d:policy_evaluated>
  <d:count>0</d:count><d:source_ip>[192.0.2.1]</d:source_ip>
 </d:row>
</d:record>
<d:policy_published><d:p>Reject</d:p><d:pct>ten</d:pct><d:domain>example.com</d:domain></d:policy_published>
<d:report_metadata>
 <d:date_range><d:end>2026-11-02</d:end><d:begin>1793491200.0</d:begin></d:date_range>
 <d:org_name>Caf\u00e9</d:org_name>
</d:report_metadata>
</d:feedback>
trailing words
"""


def record(number: int, source: str = "") -> str:
    """Return a record that passes, from a source of its own."""
    source = source or f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return (
        f"<record><row><source_ip>{source}</source_ip><count>{number % 7 + 1}</count><policy_evaluated>"
        "<disposition>none</disposition><dkim>pass</dkim><spf>pass</spf></policy_evaluated></row>"
        "<identifiers><header_from>example.com</header_from></identifiers><auth_results>"
        f"<dkim><domain>example.com</domain><selector>s{number % 3}</selector><result>pass</result></dkim>"
        "<spf><domain>example.com</domain><scope>mfrom</scope><result>pass</result></spf></auth_results></record>"
    )


def large(records: int) -> Iterator[bytes]:
    """Yield a report of many records, piece by piece."""
    yield b"<feedback><policy_published><domain>example.com</domain><p>none</p></policy_published>"
    for number in range(records):
        yield record(number).encode()
    yield b"</feedback>"
