"""The CRM's own table."""

from typing import Any, ClassVar

from django.db import models


class Ticket(models.Model):
    """What a customer asked for."""

    objects: ClassVar[Any]  # Django makes it

    customer = models.CharField(max_length=50)
    subject = models.CharField(max_length=200)

    class Meta:
        """How the table is called."""

        db_table = "tickets"

    def __str__(self) -> str:
        return str(self.subject)
