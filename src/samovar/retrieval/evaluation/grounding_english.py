"""Invented documents in English."""

# ruff: noqa: E501 - a phrase reads best on one line

from typing import Final

from samovar.retrieval.evaluation.grounding_kinds import Attribute, DocumentForm

__all__ = ["ENGLISH_FORMS"]

_CONTRACT: Final = DocumentForm(
    name="contract",
    values={
        "supplier": "company", "buyer": "company", "number": "code", "signed": "date", "price": "money",
        "deposit": "percent", "term": "days", "fine": "percent", "warranty": "months",
    },
    identity="supplier",
    file="Contract {supplier}",
    title=("Supply contract No. {number} with {supplier} Ltd", "CONTRACT No. {number}. Supplier: {supplier} Ltd"),
    filler=(
        "Disputes are settled by negotiation first and by the court afterwards.",
        "The parties keep confidential whatever they learn from each other.",
        "The annexes form an integral part of this agreement.",
        "Neither party answers for delays caused by force majeure.",
    ),
    attributes=(
        Attribute(
            stated=(
                "{supplier} Ltd sold {buyer} Ltd the machinery listed in the annex.",
                "Under this contract {supplier} Ltd sold {buyer} Ltd lathes and spare parts.",
            ),
            asked=("What did {supplier} Ltd sell {buyer} Ltd?", "To whom did {supplier} Ltd sell?"),
            claimed=("{supplier} Ltd sold {buyer} Ltd the goods.", "According to the contract, {supplier} Ltd sold {buyer} Ltd the goods."),
            swaps=("supplier", "buyer"),
        ),
        Attribute(
            stated=("The contract was signed on {signed}.", "This contract was concluded on {signed} in Bristol."),
            asked=("When was the contract with {supplier} signed?", "On what date was the {supplier} contract concluded?"),
            claimed=("The contract with {supplier} was signed on {signed}.", "The signing date of the {supplier} contract is {signed}."),
        ),
        Attribute(
            stated=("The contract price is {price} including taxes.", "The total cost of the supply under the contract is {price}."),
            asked=("What is the price of the contract with {supplier}?", "How much does the supply contract with {supplier} cost?"),
            claimed=("The price under the contract with {supplier} is {price}.", "The contract costs {price}."),
        ),
        Attribute(
            stated=("The buyer pays a deposit of {deposit} of the price.", "A deposit of {deposit} is due before shipment."),
            asked=("What deposit does the {supplier} contract require?", "What is the deposit under the contract with {supplier}?"),
            claimed=("The deposit is {deposit}.", "Under the {supplier} contract the deposit amounts to {deposit}."),
        ),
        Attribute(
            stated=("Delivery takes {term} after payment.", "The delivery time is {term} from the date of payment."),
            asked=("What is the delivery time under the {supplier} contract?", "How long does delivery by {supplier} take?"),
            claimed=("Delivery takes {term}.", "The delivery time is {term} after payment."),
        ),
        Attribute(
            stated=("For late delivery a penalty of {fine} is charged.", "The supplier pays a penalty of {fine} for delay."),
            asked=("What penalty does the contract with {supplier} set?", "What is the penalty in the {supplier} contract?"),
            claimed=("The penalty is {fine}.", "A penalty of {fine} is provided for."),
        ),
        Attribute(
            stated=("The warranty on the goods lasts {warranty}.", "The goods carry a warranty of {warranty}."),
            asked=("How long is the warranty of {supplier}?", "What warranty on the goods does {supplier} give?"),
            claimed=("The warranty on the goods is {warranty}.", "The goods have a warranty of {warranty}."),
        ),
        Attribute(
            stated=("The contract cannot be terminated unilaterally.", "Neither side may terminate; the contract cannot be terminated unilaterally."),
            asked=(
                "Can the contract with {supplier} be terminated unilaterally?",
                "May the {supplier} contract be terminated unilaterally?",
            ),
            claimed=("The contract cannot be terminated unilaterally.", "The contract can't be terminated unilaterally."),
            denied=("The contract can be terminated unilaterally.", "The contract with {supplier} may be terminated unilaterally."),
        ),
    ),
    joined=(
        (2, 3, "The contract price is {price}, and the deposit is {deposit}."),
        (4, 6, "Delivery takes {term}, and the warranty is {warranty}."),
    ),
    invented=(
        "The buyer receives free training for its staff.",
        "The supplier leases a warehouse of 340 square metres.",
        "The goods travel by rail from Aberdeen.",
        "Repairs are made by the Handyman service centre.",
    ),
    unanswerable=(
        "What is the postal code of {supplier} Ltd?",
        "How many lorries does {supplier} Ltd own?",
        "Who is the chief accountant of {supplier}?",
    ),
)  # fmt: skip

_STAFF: Final = DocumentForm(
    name="staff",
    values={
        "person": "person", "chief": "person", "hired": "date", "salary": "money", "vacation": "days", "room": "room",
        "bonus": "percent", "code": "code",
    },
    identity="person",
    file="Personnel file {person}",
    title=("Personnel file No. {code}: {person}", "Employee record. {person}"),
    filler=(
        "The house rules have been read and understood.",
        "Copies of the papers are kept by the personnel office.",
        "The medical examination showed no objections.",
        "The record is kept in electronic form.",
    ),
    attributes=(
        Attribute(
            stated=("{person} was hired on {hired}.", "Hired on {hired}: {person}."),
            asked=("When was {person} hired?", "On what date was {person} hired?"),
            claimed=("{person} was hired on {hired}.", "{person} joined on {hired}."),
        ),
        Attribute(
            stated=("The salary of {person} is {salary} a month.", "The monthly salary is set at {salary}."),
            asked=("What is the salary of {person}?", "How much does {person} earn?"),
            claimed=("{person} earns {salary}.", "The salary of {person} is {salary}."),
        ),
        Attribute(
            stated=("Annual leave is {vacation}.", "The employee is entitled to {vacation} of annual leave."),
            asked=("How many days of annual leave does {person} have?", "What annual leave does {person} have?"),
            claimed=("{person} has {vacation} of annual leave.", "Annual leave amounts to {vacation}."),
        ),
        Attribute(
            stated=("Workplace: room {room}.", "The desk is in room {room} on the second floor."),
            asked=("In which room is {person}?", "What is the room of {person}?"),
            claimed=("{person} sits in room {room}.", "The room is {room}."),
        ),
        Attribute(
            stated=("The quarterly bonus is {bonus} of the salary.", "A bonus of {bonus} is paid every quarter."),
            asked=("What bonus does {person} get?", "What is the bonus of {person}?"),
            claimed=("The bonus is {bonus}.", "{person} gets a bonus of {bonus}."),
        ),
        Attribute(
            stated=("{chief} appointed {person} shift leader.", "By order, {chief} appointed {person} shift leader."),
            asked=("Who appointed {person} shift leader?", "By whom was {person} appointed shift leader?"),
            claimed=("{chief} appointed {person} shift leader.", "{person} was appointed shift leader by {chief}."),
            swaps=("chief", "person"),
        ),
        Attribute(
            stated=("The permit for work at height has not been issued.", "No permit for work at height has been issued."),
            asked=("Has {person} been issued a permit for work at height?", "Is there a permit for work at height for {person}?"),
            claimed=("The permit for work at height has not been issued.", "A permit for work at height was not issued."),
            denied=("The permit for work at height has been issued.", "{person} has been issued a permit for work at height."),
        ),
    ),
    joined=(
        (1, 4, "The salary is {salary}, and the bonus is {bonus}."),
        (0, 2, "{person} was hired on {hired}, and annual leave is {vacation}."),
    ),
    invented=(
        "Enjoys downhill skiing and chess.",
        "Graduated from Durham University with honours.",
        "Speaks fluent Chinese.",
        "Lives at 17 Orchard Street.",
    ),
    unanswerable=(
        "What is the shoe size of {person}?",
        "Which university did {person} graduate from?",
        "On which street does {person} live?",
    ),
)  # fmt: skip

_PROTOCOL: Final = DocumentForm(
    name="protocol",
    values={
        "person": "person", "doctor": "person", "admitted": "date", "dose": "count", "course": "days", "pulse": "count",
        "code": "code",
    },
    identity="person",
    file="Discharge summary {person}",
    title=("Discharge summary No. {code}. Patient: {person}", "Medical record No. {code}, patient {person}"),
    filler=(
        "The general condition is satisfactory and the skin is clear.",
        "Follow-up by the family physician is recommended.",
        "The patient is alert and oriented.",
        "Breath sounds are normal on both sides.",
    ),
    attributes=(
        Attribute(
            stated=("The patient was admitted on {admitted}.", "Admitted to hospital on {admitted}."),
            asked=("When was {person} admitted?", "On what date was the patient {person} admitted?"),
            claimed=("{person} was admitted on {admitted}.", "The patient was admitted on {admitted}."),
        ),
        Attribute(
            stated=("Amoxicillin {dose} mg twice a day was prescribed.", "Prescribed: amoxicillin, {dose} mg, twice a day."),
            asked=("What dose of amoxicillin was prescribed to {person}?", "How much amoxicillin was {person} prescribed?"),
            claimed=("Amoxicillin {dose} mg was prescribed.", "{person} was prescribed {dose} mg of amoxicillin."),
        ),
        Attribute(
            stated=("The course of treatment is {course}.", "The treatment lasts {course}."),
            asked=("How long is the treatment of {person}?", "What is the course of treatment for {person}?"),
            claimed=("The treatment takes {course}.", "The course of treatment is {course}."),
        ),
        Attribute(
            stated=("The pulse is {pulse} beats per minute.", "On examination the pulse was {pulse} per minute."),
            asked=("What is the pulse of {person}?", "What pulse does the patient {person} have?"),
            claimed=("The pulse is {pulse} per minute.", "{person} has a pulse of {pulse}."),
        ),
        Attribute(
            stated=("{doctor} examined {person} in the admissions ward.", "Doctor {doctor} examined {person}."),
            asked=("Who examined {person}?", "By whom was {person} examined?"),
            claimed=("{doctor} examined {person}.", "{person} was examined by {doctor}."),
            swaps=("doctor", "person"),
        ),
        Attribute(
            stated=("No drug allergy was found.", "A drug allergy was not found."),
            asked=("Was a drug allergy found in {person}?", "Which drug allergy was found in {person}?"),
            claimed=("No drug allergy was found.", "A drug allergy wasn't found."),
            denied=("A drug allergy was found.", "In {person} a drug allergy was found."),
        ),
    ),
    joined=(
        (1, 2, "Amoxicillin {dose} mg was prescribed, and the treatment lasts {course}."),
        (0, 3, "{person} was admitted on {admitted}, and the pulse was {pulse}."),
    ),
    invented=(
        "Magnetic resonance imaging of the knee was performed.",
        "The blood group is B positive.",
        "A stay at a seaside sanatorium is recommended.",
        "The weight is 84 kg and the height 179 cm.",
    ),
    unanswerable=(
        "What is the blood group of {person}?",
        "What is the height of {person}?",
        "What is the insurance number of {person}?",
    ),
)  # fmt: skip

_MINUTES: Final = DocumentForm(
    name="minutes",
    values={
        "project": "company", "chair": "person", "author": "person", "held": "date", "budget": "money", "due": "date",
        "present": "count", "code": "code",
    },
    identity="project",
    file="Minutes {project}",
    title=("Minutes of the {project} project meeting No. {code}", "MINUTES No. {code}. Project {project}"),
    filler=(
        "The agenda was approved without remarks.",
        "The progress of work and earlier remarks were discussed.",
        "The minutes are sent to everybody.",
        "The secretary will call the next session.",
    ),
    attributes=(
        Attribute(
            stated=("The meeting took place on {held}.", "Date of the meeting: {held}."),
            asked=("When did the meeting of the {project} project take place?", "What is the date of the {project} project meeting?"),
            claimed=("The {project} meeting took place on {held}.", "The date of the meeting is {held}."),
        ),
        Attribute(
            stated=("The project budget was approved at {budget}.", "A project budget of {budget} was approved."),
            asked=("What budget was approved for the {project} project?", "What is the budget of the {project} project?"),
            claimed=("The budget of the {project} project is {budget}.", "The approved budget amounts to {budget}."),
        ),
        Attribute(
            stated=("The report is due on {due}.", "The report must be submitted; it is due on {due}."),
            asked=("When is the report of the {project} project due?", "On what date is the report due for {project}?"),
            claimed=("The report is due on {due}.", "The {project} report is due on {due}."),
        ),
        Attribute(
            stated=("{present} people were present.", "In all, {present} people were present."),
            asked=("How many people were present at the {project} project meeting?", "How many people attended the {project} meeting?"),
            claimed=("{present} people were present at the meeting.", "The meeting was attended by {present} people."),
        ),
        Attribute(
            stated=("{chair} instructed {author} to prepare the estimate.", "As to the estimate, {chair} instructed {author} to prepare it."),
            asked=("Whom did {chair} instruct to prepare the estimate for {project}?", "Who was instructed to prepare the estimate for {project}?"),
            claimed=("{chair} instructed {author} to prepare the estimate.", "{author} was instructed by {chair} to prepare the estimate."),
            swaps=("chair", "author"),
        ),
        Attribute(
            stated=("The proposal to relocate was not accepted.", "Relocation: the proposal was not accepted."),
            asked=("Was the proposal to relocate accepted for {project}?", "Was the relocation proposal of {project} accepted?"),
            claimed=("The proposal to relocate was not accepted.", "The relocation proposal was not accepted."),
            denied=("The proposal to relocate was accepted.", "The {project} proposal to relocate was accepted."),
        ),
    ),
    joined=(
        (0, 1, "The meeting took place on {held}, and a budget of {budget} was approved."),
        (1, 3, "The budget is {budget}, and {present} people were present."),
    ),
    invented=(
        "Fifty laptops will be bought for newcomers.",
        "The logo was changed to green.",
        "The contractor was chosen by open tender.",
        "The company party was moved to a country club.",
    ),
    unanswerable=(
        "What logo does the {project} project have?",
        "Who is the investor of the {project} project?",
        "How many servers were bought for the {project} project?",
    ),
)  # fmt: skip

_TARIFF: Final = DocumentForm(
    name="tariff",
    values={"company": "company", "fee": "small_money", "minutes": "count", "traffic": "count", "start": "date", "discount": "percent"},
    identity="company",
    file="Tariffs {company}",
    title=("Tariffs of the operator {company}", "{company} telecom: tariffs"),
    filler=(
        "Prices include all taxes.",
        "Connection is free of charge in every shop.",
        "Charges are made on the first day of the month.",
        "Unused allowances roll over to the next month.",
    ),
    attributes=(
        Attribute(
            stated=("The tariffs apply from {start}.", "The tariffs were introduced on {start}."),
            asked=("From what date do the tariffs of {company} apply?", "When were the {company} tariffs introduced?"),
            claimed=("The tariffs of {company} apply from {start}.", "The tariffs apply from {start}."),
        ),
        Attribute(
            stated=("Pensioners get a discount of {discount}.", "The discount for pensioners is {discount}."),
            asked=("What discount do pensioners get at {company}?", "What is the {company} discount for pensioners?"),
            claimed=("The discount for pensioners is {discount}.", "Pensioners receive a discount of {discount}."),
        ),
    ),
    joined=((0, 1, "The tariffs apply from {start}, and the discount for pensioners is {discount}."),),
    invented=(
        "Roaming calls are billed separately.",
        "A cinema subscription is given as a bonus.",
        "Replacing a card costs $15.",
    ),
    unanswerable=(
        "How much is roaming at {company}?",
        "Which cinema is included in the {company} subscription?",
        "How many towers does {company} have?",
    ),
    table=("Plan", "Monthly fee, USD", "Minutes", "Data, GB"),
    columns=("fee", "minutes", "traffic"),
)  # fmt: skip

ENGLISH_FORMS: Final = (_CONTRACT, _STAFF, _PROTOCOL, _MINUTES, _TARIFF)
