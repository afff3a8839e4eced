"""Messages written by hand: what is no bounce, though it may look like one.

No mail system is run for these.  The complaint follows RFC 5965, the read
receipt RFC 8098.
"""

from __future__ import annotations

from cases import Case, Expected
from labels import Book

NEWSLETTER = """\
Return-Path: <bounce-7f3a-42@news.example.com>
Received: from out7.news.example.com (out7.news.example.com [192.0.2.77])
	by mx.sender.test (Postfix) with ESMTPS id 5C0FFEE3
	for <info@sender.test>; Fri, 20 Nov 2026 08:00:11 +0000 (UTC)
Date: Fri, 20 Nov 2026 08:00:07 +0000
From: "Garden Post" <news@news.example.com>
To: info@sender.test
Subject: Returned to the garden: what to plant before the frost
Message-ID: <7f3a-42.1795161607@news.example.com>
List-Id: Garden Post <garden-post.news.example.com>
List-Unsubscribe: <https://news.example.com/u/7f3a-42>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
Precedence: bulk
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Hello,

the last bulbs can go into the ground until the first hard frost. If a
delivery failed to reach you, or came damaged, we send it again for free:
orders from 550 upwards travel without postage.

Your Garden Post
"""

PERSONAL = """\
Return-Path: <mira@example.org>
Received: from mx.example.org (mx.example.org [192.0.2.31])
	by mx.sender.test (Postfix) with ESMTPS id 5C0FFEE4
	for <anna@sender.test>; Fri, 20 Nov 2026 09:14:40 +0000 (UTC)
Date: Fri, 20 Nov 2026 10:14:38 +0100
From: Mira <mira@example.org>
To: Anna <anna@sender.test>
Subject: Re: your mail to Bernd came back?
Message-ID: <5d3c7b2e-0a61@example.org>
In-Reply-To: <20261119171500.0001@sender.test>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Hi Anna,

that is odd, I wrote to him only yesterday. What was the exact text? You said
something like

> <bernd@example.com>: host mx.example.com said: 550 5.1.1 User unknown

Perhaps you had a typing error in the address. Try it with two t.

Mira
"""

COMPLAINT = """\
Return-Path: <fbl-no-reply@mailbox.example>
Received: from fbl3.mailbox.example (fbl3.mailbox.example [192.0.2.90])
	by mx.sender.test (Postfix) with ESMTPS id 5C0FFEE5
	for <abuse@sender.test>; Fri, 20 Nov 2026 11:02:19 +0000 (UTC)
Date: Fri, 20 Nov 2026 11:02:17 +0000
From: Feedback loop <fbl-no-reply@mailbox.example>
To: abuse@sender.test
Subject: FW: November newsletter
Message-ID: <fbl.20261120110217.8841@fbl3.mailbox.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
	boundary="fbl_8841"

--fbl_8841
Content-Type: text/plain; charset=us-ascii

This is an email abuse report for a message that one of our users received
from 192.0.2.25 and marked as spam.

--fbl_8841
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: MailboxFeedback/2.1
Version: 1
Original-Mail-From: <news@sender.test>
Original-Rcpt-To: <reader@mailbox.example>
Arrival-Date: Fri, 20 Nov 2026 06:30:00 +0000
Reporting-MTA: dns; mx4.mailbox.example
Source-IP: 192.0.2.25
Reported-Domain: sender.test

--fbl_8841
Content-Type: message/rfc822

Received: from mx.sender.test (mx.sender.test [192.0.2.25])
	by mx4.mailbox.example with ESMTPS id q9a1; Fri, 20 Nov 2026 06:30:00 +0000
Date: Fri, 20 Nov 2026 06:29:58 +0000
From: News <news@sender.test>
To: reader@mailbox.example
Subject: November newsletter
Message-ID: <20261120062958.0007@sender.test>
List-Unsubscribe: <mailto:unsubscribe@sender.test?subject=reader>

Here is what is new this month.

--fbl_8841--
"""

RECEIPT = """\
Return-Path: <>
Received: from mx.example.org (mx.example.org [192.0.2.31])
	by mx.sender.test (Postfix) with ESMTPS id 5C0FFEE6
	for <anna@sender.test>; Fri, 20 Nov 2026 12:40:03 +0000 (UTC)
Date: Fri, 20 Nov 2026 13:40:01 +0100
From: Mira <mira@example.org>
To: Anna <anna@sender.test>
Subject: Read: Minutes of the meeting on Thursday
Message-ID: <mdn-91c2@example.org>
References: <20261120091000.0003@sender.test>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification;
	boundary="mdn_91c2"

--mdn_91c2
Content-Type: text/plain; charset=utf-8

Your message of 20 November 2026 10:10 to Mira was displayed on
20 November 2026 13:39. That is no proof that it was read or understood.

--mdn_91c2
Content-Type: message/disposition-notification

Reporting-UA: desk.example.org; ExampleMail 4.2
Original-Recipient: rfc822;mira@example.org
Final-Recipient: rfc822;mira@example.org
Original-Message-ID: <20261120091000.0003@sender.test>
Disposition: manual-action/MDN-sent-manually; displayed

--mdn_91c2--
"""

CASES = (
    (Case("newsletter", (), kind="other"), NEWSLETTER),
    (Case("personal-quoting-a-bounce", (), kind="other"), PERSONAL),
    (Case("complaint-arf", (), kind="feedback", expected=(
        Expected("reader@mailbox.example", "feedback", action=None),)), COMPLAINT),
    (Case("read-receipt", (), kind="other"), RECEIPT),
)  # fmt: skip


def run(book: Book) -> None:
    """Write them."""
    for case, text in CASES:
        book.add(case, text.encode(), made_by="written")
